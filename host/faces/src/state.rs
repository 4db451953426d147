//! What the handlers share.

use provost_services::Registry;
use provost_wire::Family;
use provost_wire::clean::Installed;
use std::sync::Arc;

/// Settings of the faces.
#[derive(Debug, Clone)]
pub struct FaceOptions {
    /// Print debug information in errors.
    pub debug: bool,
    /// The family of exception class names clients see.
    pub family: Family,
    /// The most a request to the REST server may carry, bytes.
    pub max_request: usize,
    /// The most one uploaded file may have, bytes.
    pub max_upload: u64,
}

impl Default for FaceOptions {
    fn default() -> Self {
        Self { debug: false, family: Family::Namespaced, max_request: 16 << 20, max_upload: 64 << 30 }
    }
}

/// The state of the handlers. Cheap to clone.
#[derive(Clone)]
pub struct Faces {
    pub(crate) registry: Arc<Registry>,
    pub(crate) options: Arc<FaceOptions>,
    pub(crate) installed: Arc<Installed>,
}

impl Faces {
    /// Faces of a registry's host.
    pub fn new(registry: Arc<Registry>, options: FaceOptions) -> Self {
        Self { registry, options: Arc::new(options), installed: Arc::new(Installed::new(["en"], ["boost"])) }
    }
}
