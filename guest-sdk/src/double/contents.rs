//! Placeholder until the double knows contents.

use crate::{Error, Result};

pub use crate::bindings::imports::provost::plugin::events::Address;

fn none<T>() -> Result<T> {
    Err(Error::failed("the double knows no contents yet"))
}

pub fn external_id(_: &str, _: &Address) -> Result<String> {
    none()
}
pub fn set_external_id(_: &str, _: &Address, _: &str, _: Option<&str>) -> Result<bool> {
    none()
}
pub fn history(_: &Address) -> Result<Vec<Address>> {
    none()
}
