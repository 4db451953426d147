//! Placeholder until the double keeps plugin data.

use crate::bindings::imports::provost::plugin::events::CopyKind;
use crate::{Error, Result};

pub use crate::bindings::imports::provost::plugin::plugin_data::{Condition, Namespace, Place, Value};

fn none<T>() -> Result<T> {
    Err(Error::failed("the double keeps no plugin data yet"))
}

pub fn get(_: &Place, _: Namespace, _: &str) -> Result<Option<Value>> {
    none()
}
pub fn put(_: &Place, _: Namespace, _: &str, _: &[u8], _: Condition) -> Result<u64> {
    none()
}
pub fn delete(_: &Place, _: Namespace, _: &str) -> Result<bool> {
    none()
}
pub fn keys(_: &Place, _: Namespace, _: &str, _: u32) -> Result<Vec<String>> {
    none()
}
pub fn exists(_: &Place) -> Result<bool> {
    none()
}
pub fn erase(_: &Place) -> Result<()> {
    none()
}
pub fn copy(_: &Place, _: &Place, _: CopyKind, _: bool) -> Result<bool> {
    none()
}
