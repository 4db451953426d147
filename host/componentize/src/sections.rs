//! Looks at the sections of a module or component without validating or running it.

use wasmparser::{Encoding, Parser, Payload};

use crate::ComponentizeError;

/// The custom section with the plugin's manifest: raw JSON bytes.
pub const MANIFEST_SECTION: &str = "provost:manifest";

/// How the names of custom sections with WIT metadata begin (wit-component's `metadata` module).
const WIT_METADATA_PREFIX: &str = "component-type";

/// What a file is, by its first eight bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Module,
    Component,
}

pub(crate) fn kind(wasm: &[u8]) -> Result<Kind, ComponentizeError> {
    if Parser::is_component(wasm) {
        Ok(Kind::Component)
    } else if Parser::is_core_wasm(wasm) {
        Ok(Kind::Module)
    } else if wasm.is_empty() {
        Err(ComponentizeError::NotWasm("the file is empty"))
    } else if wasm.starts_with(b"\0asm") {
        Err(ComponentizeError::NotWasm("its version is not one this host knows"))
    } else {
        Err(ComponentizeError::NotWasm("it does not begin with the bytes `\\0asm`"))
    }
}

/// What matters of a core module's custom sections.
#[derive(Debug, Default)]
pub(crate) struct ModuleSections<'a> {
    pub(crate) has_wit_metadata: bool,
    pub(crate) manifest: Option<&'a [u8]>,
}

/// Goes through the sections of a core module.
pub(crate) fn scan_module(module: &[u8]) -> Result<ModuleSections<'_>, ComponentizeError> {
    let mut found = ModuleSections::default();
    for payload in Parser::new(0).parse_all(module) {
        if let Payload::CustomSection(section) = payload? {
            if section.name() == MANIFEST_SECTION {
                keep_only(&mut found.manifest, &section)?;
            }
            found.has_wit_metadata |= section.name().starts_with(WIT_METADATA_PREFIX);
        }
    }
    Ok(found)
}

/// Whether the component has a manifest on its own level, not only in a module inside it.
pub(crate) fn has_own_manifest(component: &[u8]) -> Result<bool, ComponentizeError> {
    Ok(manifests(component)?.own.is_some())
}

/// The plugin's manifest: that of the component's own level, else that of the one module or component inside it that
/// has one; for a core module its own. `None` when there is none. Nothing is run.
///
/// # Errors
/// [`ComponentizeError::NotWasm`], [`ComponentizeError::Invalid`], and [`ComponentizeError::SeveralManifests`] when two
/// compete on the same level.
pub fn manifest_section(wasm: &[u8]) -> Result<Option<&[u8]>, ComponentizeError> {
    kind(wasm)?;
    let found = manifests(wasm)?;
    match (found.own, found.second_nested) {
        (Some(own), _) => Ok(Some(own)),
        (None, Some(offset)) => Err(ComponentizeError::SeveralManifests { offset }),
        (None, None) => Ok(found.nested),
    }
}

#[derive(Debug, Default)]
struct Manifests<'a> {
    own: Option<&'a [u8]>,
    nested: Option<&'a [u8]>,
    /// Where a second one inside begins. No error as long as there is one on the own level.
    second_nested: Option<u64>,
}

fn manifests(wasm: &[u8]) -> Result<Manifests<'_>, ComponentizeError> {
    let mut found = Manifests::default();
    let mut depth = 0_usize;
    for payload in Parser::new(0).parse_all(wasm) {
        match payload? {
            Payload::Version { encoding: Encoding::Module | Encoding::Component, .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::CustomSection(section) if section.name() == MANIFEST_SECTION => {
                if depth <= 1 {
                    keep_only(&mut found.own, &section)?;
                } else if found.nested.is_some() {
                    found.second_nested.get_or_insert(section.range().start);
                } else {
                    found.nested = Some(section.data());
                }
            }
            _ => {}
        }
    }
    Ok(found)
}

fn keep_only<'a>(
    slot: &mut Option<&'a [u8]>,
    section: &wasmparser::CustomSectionReader<'a>,
) -> Result<(), ComponentizeError> {
    if slot.replace(section.data()).is_some() {
        return Err(ComponentizeError::SeveralManifests { offset: section.range().start });
    }
    Ok(())
}
