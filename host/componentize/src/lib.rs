//! Turns what a guest compiler gives into what the host loads: a core module with embedded WIT metadata becomes a
//! component, a component stays as it is, and the plugin's manifest can be read from either without running anything
//! (architecture.md 3, "Two kinds of guest are accepted" and "The manifest").

mod sections;

use std::borrow::Cow;

pub use sections::{MANIFEST_SECTION, manifest_section};
use wasm_encoder::{Component, CustomSection, Encode as _, Section as _};
use wasmparser::{Validator, WasmFeatures};

/// Why a file is no plugin, or its manifest cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ComponentizeError {
    /// The file does not begin as a core module or a component does.
    #[error("not a WebAssembly module or component: {0}")]
    NotWasm(&'static str),
    /// The file begins as WebAssembly, but what follows breaks the format's rules.
    #[error("invalid WebAssembly at byte {offset}: {message}")]
    Invalid {
        /// Bytes from the beginning of the file.
        offset: u64,
        /// What is wrong there.
        message: String,
    },
    /// A core module without a `component-type` section: built by another toolchain, or by one that strips custom sections.
    #[error(
        "the module carries no WIT metadata (no `component-type` section): build it with the guest SDK and without \
         stripping custom sections, or make it a component first"
    )]
    NoMetadata,
    /// The metadata and the module do not fit each other, for example an export that the world promises is missing.
    #[error("the module cannot become a component: {0}")]
    Encode(String),
    /// Several manifests on the same level, of which none can be preferred.
    #[error("several `{MANIFEST_SECTION}` sections, the second at byte {offset}: a plugin has one manifest")]
    SeveralManifests {
        /// Bytes from the beginning of the file.
        offset: u64,
    },
}

impl From<wasmparser::BinaryReaderError> for ComponentizeError {
    fn from(error: wasmparser::BinaryReaderError) -> Self {
        Self::Invalid { offset: error.offset(), message: error.message().to_owned() }
    }
}

/// Makes a component of a core module with embedded WIT metadata; a component is checked and given back unchanged.
///
/// A manifest in the module's custom section [`MANIFEST_SECTION`] is put at the beginning of the component, where
/// [`manifest_section`] finds it without going through the code.
///
/// # Errors
/// See [`ComponentizeError`]; no input makes it panic.
pub fn componentize(module: &[u8]) -> Result<Vec<u8>, ComponentizeError> {
    if sections::kind(module)? == sections::Kind::Component {
        Validator::new_with_features(WasmFeatures::all()).validate_all(module)?;
        return Ok(module.to_vec());
    }
    let found = sections::scan_module(module)?;
    if !found.has_wit_metadata {
        return Err(ComponentizeError::NoMetadata);
    }
    let component = encode(module)?;
    match found.manifest {
        Some(manifest) if !sections::has_own_manifest(&component)? => with_manifest(&component, manifest),
        _ => Ok(component),
    }
}

fn encode(module: &[u8]) -> Result<Vec<u8>, ComponentizeError> {
    wit_component::ComponentEncoder::default()
        .validate(true)
        .module(module)
        .and_then(|encoder| encoder.encode())
        .map_err(|error| ComponentizeError::Encode(format!("{error:#}")))
}

/// The component with the manifest as its first section.
fn with_manifest(component: &[u8], manifest: &[u8]) -> Result<Vec<u8>, ComponentizeError> {
    let header = Component::HEADER.as_slice();
    let Some(sections) = component.strip_prefix(header) else {
        return Err(ComponentizeError::NotWasm("the encoded component has an unknown header"));
    };
    let section = CustomSection { name: Cow::Borrowed(MANIFEST_SECTION), data: Cow::Borrowed(manifest) };
    let mut out = Vec::with_capacity(component.len() + manifest.len() + MANIFEST_SECTION.len() + 16);
    out.extend_from_slice(header);
    out.push(section.id());
    section.encode(&mut out);
    out.extend_from_slice(sections);
    Ok(out)
}

#[cfg(test)]
mod tests;
