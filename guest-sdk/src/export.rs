//! Turning a plugin's traits into exports.

use std::sync::Once;

/// Runs at every entry from the host: a panic's message reaches the host's log and becomes the reason of the trap.
pub fn enter() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        std::panic::set_hook(Box::new(|info| {
            let text = match info.payload().downcast_ref::<&str>() {
                Some(text) => (*text).to_owned(),
                None => info.payload().downcast_ref::<String>().cloned().unwrap_or_default(),
            };
            let place = info.location().map(|l| format!(" ({}:{})", l.file(), l.line())).unwrap_or_default();
            crate::log::panicked(&format!("{text}{place}"));
        }));
    });
}

/// Exports a plugin: `export_plugin!(Type: web_service, jobs, events, lifecycle; manifest = "plugin.json");`, with those of the
/// four that it implements. The manifest's path is relative to the source file, like that of `include_bytes!`.
///
/// A native build checks all of it, but exports nothing: several plugins fit into one test.
#[macro_export]
macro_rules! export_plugin {
    ($plugin:ident : $($what:ident),+ ; manifest = $manifest:literal) => {
        const _: () = {
            #[cfg_attr(target_arch = "wasm32", unsafe(link_section = "provost:manifest"))]
            #[used]
            static MANIFEST: [u8; include_bytes!($manifest).len()] = *include_bytes!($manifest);
        };
        $($crate::export_plugin!(@$what $plugin);)+
    };
    (@web_service $plugin:ident) => {
        const _: () = {
            use $crate::bindings::web_service::exports::provost::plugin::web_service as exported;
            struct Exported;
            impl exported::Guest for Exported {
                fn functions() -> ::std::vec::Vec<exported::Function> {
                    $crate::internal::enter();
                    $crate::internal::functions::<$plugin>()
                }
                fn call(request: exported::Request) -> ::core::result::Result<::std::string::String, exported::Error> {
                    $crate::internal::enter();
                    $crate::internal::call::<$plugin>(request)
                }
            }
            #[cfg(target_arch = "wasm32")]
            $crate::bindings::web_service::export_web_service!(Exported);
            #[cfg(not(target_arch = "wasm32"))]
            const _: () = {
                let _ = (<Exported as exported::Guest>::functions, <Exported as exported::Guest>::call);
            };
        };
    };
    (@jobs $plugin:ident) => {
        const _: () = {
            use $crate::bindings::job::exports::provost::plugin::job_runner as exported;
            struct Exported;
            impl exported::Guest for Exported {
                fn run(job: exported::JobContext) -> ::core::result::Result<::std::string::String, exported::Error> {
                    $crate::internal::enter();
                    $crate::internal::run::<$plugin>(job)
                }
            }
            #[cfg(target_arch = "wasm32")]
            $crate::bindings::job::export_job!(Exported);
            #[cfg(not(target_arch = "wasm32"))]
            const _: () = {
                let _ = <Exported as exported::Guest>::run;
            };
        };
    };
    (@events $plugin:ident) => {
        const _: () = {
            use $crate::bindings::event::exports::provost::plugin::event_handler as exported;
            struct Exported;
            impl exported::Guest for Exported {
                fn handle(target: ::std::string::String, event: exported::Event) -> ::core::result::Result<exported::Verdict, exported::Error> {
                    $crate::internal::enter();
                    $crate::internal::handle::<$plugin>(target, event)
                }
            }
            #[cfg(target_arch = "wasm32")]
            $crate::bindings::event::export_event!(Exported);
            #[cfg(not(target_arch = "wasm32"))]
            const _: () = {
                let _ = <Exported as exported::Guest>::handle;
            };
        };
    };
    (@lifecycle $plugin:ident) => {
        const _: () = {
            use $crate::bindings::lifecycle::exports::provost::plugin::lifecycle as exported;
            struct Exported;
            impl exported::Guest for Exported {
                fn state_change(change: exported::Change, other: ::core::option::Option<::std::string::String>) -> ::core::result::Result<(), exported::Error> {
                    $crate::internal::enter();
                    $crate::internal::state_change::<$plugin>(change, other)
                }
            }
            #[cfg(target_arch = "wasm32")]
            $crate::bindings::lifecycle::export_lifecycle!(Exported);
            #[cfg(not(target_arch = "wasm32"))]
            const _: () = {
                let _ = <Exported as exported::Guest>::state_change;
            };
        };
    };
}
