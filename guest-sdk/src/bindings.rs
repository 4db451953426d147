//! What `wit-bindgen` makes of the contract: the imports once, each exportable interface in a world of its own, so that
//! a plugin exports only what it implements.
#![allow(clippy::all)]

pub mod imports {
    wit_bindgen::generate!({
        path: "../wit",
        world: "imports",
        generate_all,
        additional_derives: [PartialEq, Clone],
        runtime_path: "::provost_guest::bindings::rt",
    });
}

pub mod web_service {
    wit_bindgen::generate!({
        path: "../wit",
        world: "web-service-plugin",
        with: { "provost:plugin/types@0.1.0": crate::bindings::imports::provost::plugin::types },
        pub_export_macro: true,
        export_macro_name: "export_web_service",
        default_bindings_module: "::provost_guest::bindings::web_service",
        runtime_path: "::provost_guest::bindings::rt",
    });
}

pub mod job {
    wit_bindgen::generate!({
        path: "../wit",
        world: "job-plugin",
        with: { "provost:plugin/types@0.1.0": crate::bindings::imports::provost::plugin::types },
        pub_export_macro: true,
        export_macro_name: "export_job",
        default_bindings_module: "::provost_guest::bindings::job",
        runtime_path: "::provost_guest::bindings::rt",
    });
}

pub mod event {
    wit_bindgen::generate!({
        path: "../wit",
        world: "event-plugin",
        additional_derives: [PartialEq, Clone],
        with: {
            "provost:plugin/types@0.1.0": crate::bindings::imports::provost::plugin::types,
            "provost:plugin/events@0.1.0": crate::bindings::imports::provost::plugin::events,
        },
        pub_export_macro: true,
        export_macro_name: "export_event",
        default_bindings_module: "::provost_guest::bindings::event",
        runtime_path: "::provost_guest::bindings::rt",
    });
}

pub mod hook {
    wit_bindgen::generate!({
        path: "../wit",
        world: "hook-plugin",
        with: {
            "provost:plugin/types@0.1.0": crate::bindings::imports::provost::plugin::types,
        },
        pub_export_macro: true,
        export_macro_name: "export_hook",
        default_bindings_module: "::provost_guest::bindings::hook",
        runtime_path: "::provost_guest::bindings::rt",
    });
}

pub mod lifecycle {
    wit_bindgen::generate!({
        path: "../wit",
        world: "lifecycle-plugin",
        with: { "provost:plugin/types@0.1.0": crate::bindings::imports::provost::plugin::types },
        pub_export_macro: true,
        export_macro_name: "export_lifecycle",
        default_bindings_module: "::provost_guest::bindings::lifecycle",
        runtime_path: "::provost_guest::bindings::rt",
    });
}

pub use wit_bindgen::rt;
