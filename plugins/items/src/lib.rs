//! The `items` plugin: sections and activities are copied within their course or into another one, moved, and deleted. A copy
//! shares documents and files with its original (architecture.md 2.2).

mod beside;
mod copy;
mod elements;
mod place;
mod service;

use provost_guest::prelude::*;

/// The plugin.
pub struct Items;

impl WebService for Items {
    fn functions() -> Vec<Function> {
        service::functions()
    }
}

impl JobRunner for Items {
    fn jobs() -> Jobs {
        Jobs::new().on(copy::KIND, copy::run)
    }
}

export_plugin!(Items: web_service, jobs; manifest = "../plugin.json");
