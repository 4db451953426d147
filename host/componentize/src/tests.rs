use proptest::prelude::*;
use wasm_encoder::{Component, CustomSection, Module, ModuleSection, Section};
use wasmparser::Parser;
use wit_parser::{ManglingAndAbi, Resolve};

use super::*;

const WIT: &str = "
    package test:plugin@1.0.0;
    interface host { ask: func(question: string) -> string; }
    interface answer { call: func(question: string) -> result<string, u32>; }
    world plugin { import host; export answer; }
";

fn custom<'a>(name: &'a str, data: &'a [u8]) -> CustomSection<'a> {
    CustomSection { name: Cow::Borrowed(name), data: Cow::Borrowed(data) }
}

fn append(mut wasm: Vec<u8>, section: &impl Section) -> Vec<u8> {
    section.append_to(&mut wasm);
    wasm
}

/// A module with the metadata of a world, as the guest SDK makes it, but with functions that trap.
fn guest(manifest: Option<&[u8]>) -> Vec<u8> {
    let mut resolve = Resolve::default();
    let package = resolve.push_str("plugin.wit", WIT).expect("WIT");
    let world = resolve.select_world(&[package], None).expect("world");
    let mut module = wit_component::dummy_module(&resolve, world, ManglingAndAbi::Standard32);
    wit_component::embed_component_metadata(&mut module, &resolve, world, wit_component::StringEncoding::UTF8)
        .expect("metadata");
    match manifest {
        Some(manifest) => append(module, &custom(MANIFEST_SECTION, manifest)),
        None => module,
    }
}

/// A component around modules.
fn wrap(modules: &[&[u8]]) -> Vec<u8> {
    let mut component = Component::new();
    for bytes in modules {
        component.section(&wasm_encoder::RawSection { id: CORE_MODULE_SECTION, data: bytes });
    }
    component.finish()
}

/// Binary format of the component model: a nested core module is section 1.
const CORE_MODULE_SECTION: u8 = 1;

#[test]
fn a_module_becomes_a_component_with_its_manifest_on_top() {
    let module = guest(Some(br#"{"id":"test"}"#));
    let component = componentize(&module).expect("component");
    assert!(Parser::is_component(&component));
    assert!(sections::has_own_manifest(&component).expect("readable"));
    assert_eq!(manifest_section(&component).expect("readable"), Some(br#"{"id":"test"}"#.as_slice()));
    Validator::new_with_features(WasmFeatures::all()).validate_all(&component).expect("valid");

    let decoded = wit_component::decode(&component).expect("decodable");
    let (_, world) = decoded.resolve().worlds.iter().next().expect("a world");
    assert_eq!((world.imports.len(), world.exports.len()), (1, 1));
}

#[test]
fn a_component_passes_unchanged() {
    let component = componentize(&guest(Some(b"{}"))).expect("component");
    assert_eq!(componentize(&component).expect("component"), component);
    let without = componentize(&guest(None)).expect("component");
    assert_eq!(manifest_section(&without).expect("readable"), None);
    assert_eq!(componentize(&without).expect("component"), without);
}

#[test]
fn a_manifest_is_read_from_any_level() {
    assert_eq!(manifest_section(&guest(Some(b"1"))).expect("readable"), Some(b"1".as_slice()));
    let inside = append(Module::new().finish(), &custom(MANIFEST_SECTION, b"2"));
    let other = append(Module::new().finish(), &custom("name", b""));
    assert_eq!(manifest_section(&wrap(&[&other, &inside])).expect("readable"), Some(b"2".as_slice()));
    let both = append(wrap(&[&inside, &inside]), &custom(MANIFEST_SECTION, b"3"));
    assert_eq!(manifest_section(&both).expect("readable"), Some(b"3".as_slice()));
    // Two levels down.
    let mut outer = Component::new();
    let mut nested = Component::new();
    nested.section(&wasm_encoder::RawSection { id: CORE_MODULE_SECTION, data: &inside });
    outer.section(&wasm_encoder::NestedComponentSection(&nested));
    assert_eq!(manifest_section(&outer.finish()).expect("readable"), Some(b"2".as_slice()));
    let mut plain = Component::new();
    let module = Module::new();
    plain.section(&ModuleSection(&module));
    assert_eq!(manifest_section(&plain.finish()).expect("readable"), None);
}

#[test]
fn competing_manifests_are_refused() {
    let inside = append(Module::new().finish(), &custom(MANIFEST_SECTION, b"2"));
    let twice = append(inside.clone(), &custom(MANIFEST_SECTION, b"3"));
    for wasm in [twice.clone(), wrap(&[&inside, &inside])] {
        let error = manifest_section(&wasm).expect_err("ambiguous");
        assert!(matches!(error, ComponentizeError::SeveralManifests { .. }), "{error}");
    }
    let error = componentize(&append(guest(Some(b"1")), &custom(MANIFEST_SECTION, b"2"))).expect_err("ambiguous");
    assert!(matches!(error, ComponentizeError::SeveralManifests { .. }), "{error}");
}

#[test]
fn what_is_no_plugin_is_named() {
    for (bytes, expected) in [
        (b"".as_slice(), "the file is empty"),
        (b"PK\x03\x04zip".as_slice(), "does not begin"),
        (b"\0asm\x63\0\0\0".as_slice(), "version"),
    ] {
        let error = componentize(bytes).expect_err("no WebAssembly");
        assert!(matches!(error, ComponentizeError::NotWasm(_)), "{error}");
        assert!(error.to_string().contains(expected), "{error}");
        assert!(manifest_section(bytes).is_err());
    }
    let error = componentize(&Module::new().finish()).expect_err("no metadata");
    assert!(matches!(error, ComponentizeError::NoMetadata), "{error}");
    let module = guest(None);
    let error = componentize(&module[..module.len() / 2]).expect_err("cut off");
    assert!(matches!(error, ComponentizeError::Invalid { .. }), "{error}");
}

#[test]
fn missing_exports_are_named() {
    let mut resolve = Resolve::default();
    let package = resolve.push_str("plugin.wit", WIT).expect("WIT");
    let world = resolve.select_world(&[package], None).expect("world");
    let mut module = Module::new().finish();
    wit_component::embed_component_metadata(&mut module, &resolve, world, wit_component::StringEncoding::UTF8)
        .expect("metadata");
    let error = componentize(&module).expect_err("nothing exported");
    assert!(matches!(error, ComponentizeError::Encode(_)), "{error}");
    assert!(error.to_string().contains("test:plugin/answer@1.0.0"), "{error}");
}

proptest! {
    #[test]
    fn garbage_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..256), header in 0..3_u8) {
        let mut wasm = match header {
            0 => Vec::new(),
            1 => Module::HEADER.to_vec(),
            _ => Component::HEADER.to_vec(),
        };
        wasm.extend_from_slice(&bytes);
        let _ = componentize(&wasm);
        let _ = manifest_section(&wasm);
    }

    #[test]
    fn damaged_plugins_never_panic(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        keep in any::<prop::sample::Index>(),
        cut in any::<bool>(),
        as_component in any::<bool>(),
    ) {
        let mut wasm = guest(Some(br#"{"id":"test"}"#));
        if as_component {
            wasm = componentize(&wasm).expect("component");
        }
        for (at, value) in changes {
            let at = at.index(wasm.len());
            wasm[at] = value;
        }
        if cut {
            wasm.truncate(keep.index(wasm.len()));
        }
        let _ = componentize(&wasm);
        let _ = manifest_section(&wasm);
    }

    #[test]
    fn any_manifest_comes_through(manifest in proptest::collection::vec(any::<u8>(), 0..512)) {
        let component = componentize(&guest(Some(&manifest))).expect("component");
        prop_assert_eq!(manifest_section(&component).expect("readable"), Some(manifest.as_slice()));
    }
}
