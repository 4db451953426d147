//! What the fix-up asks of the host, as far as it does.

use super::{Address, Condition, Namespace, Place, Value};
use crate::Result;
use crate::bindings::imports::provost::plugin::events::CopyKind;
use crate::bindings::imports::provost::plugin::jobs::NewJob;
use crate::bindings::imports::provost::plugin::log::Level;

/// The functions of `plugin-data`, `contents`, `jobs`, `clock`, `config` and `log` that it calls.
pub(super) trait Contract {
    fn external_id(&self, target: &str, content: &Address) -> Result<String>;
    fn set_external_id(&self, target: &str, content: &Address, id: &str, expected: Option<&str>) -> Result<bool>;
    fn history(&self, content: &Address) -> Result<Vec<Address>>;
    fn get(&self, place: &Place, namespace: Namespace, key: &str) -> Result<Option<Value>>;
    fn put(&self, place: &Place, namespace: Namespace, key: &str, value: &[u8], condition: Condition) -> Result<u64>;
    fn delete(&self, place: &Place, namespace: Namespace, key: &str) -> Result<bool>;
    fn keys(&self, place: &Place, namespace: Namespace, after: &str, limit: u32) -> Result<Vec<String>>;
    fn exists(&self, place: &Place) -> Result<bool>;
    fn erase(&self, place: &Place) -> Result<()>;
    fn copy(&self, from: &Place, to: &Place, kind: CopyKind, if_absent: bool) -> Result<bool>;
    fn enqueue(&self, job: &NewJob) -> Result<String>;
    fn now(&self) -> i64;
    /// What tells this site from others.
    fn site(&self) -> String;
    fn log(&self, level: Level, message: &str);
}

/// The host.
pub(super) struct Host;

impl Contract for Host {
    fn external_id(&self, target: &str, content: &Address) -> Result<String> {
        crate::contents::external_id(target, content)
    }
    fn set_external_id(&self, target: &str, content: &Address, id: &str, expected: Option<&str>) -> Result<bool> {
        crate::contents::set_external_id(target, content, id, expected)
    }
    fn history(&self, content: &Address) -> Result<Vec<Address>> {
        crate::contents::history(content)
    }
    fn get(&self, place: &Place, namespace: Namespace, key: &str) -> Result<Option<Value>> {
        crate::plugin_data::get(place, namespace, key)
    }
    fn put(&self, place: &Place, namespace: Namespace, key: &str, value: &[u8], condition: Condition) -> Result<u64> {
        crate::plugin_data::put(place, namespace, key, value, condition)
    }
    fn delete(&self, place: &Place, namespace: Namespace, key: &str) -> Result<bool> {
        crate::plugin_data::delete(place, namespace, key)
    }
    fn keys(&self, place: &Place, namespace: Namespace, after: &str, limit: u32) -> Result<Vec<String>> {
        crate::plugin_data::keys(place, namespace, after, limit)
    }
    fn exists(&self, place: &Place) -> Result<bool> {
        crate::plugin_data::exists(place)
    }
    fn erase(&self, place: &Place) -> Result<()> {
        crate::plugin_data::erase(place)
    }
    fn copy(&self, from: &Place, to: &Place, kind: CopyKind, if_absent: bool) -> Result<bool> {
        crate::plugin_data::copy(from, to, kind, if_absent)
    }
    fn enqueue(&self, job: &NewJob) -> Result<String> {
        crate::jobs::enqueue(job)
    }
    fn now(&self) -> i64 {
        crate::clock::now()
    }
    fn site(&self) -> String {
        crate::config::get_site().hash
    }
    fn log(&self, level: Level, message: &str) {
        crate::log::write(level, message);
    }
}
