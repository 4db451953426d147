//! Moves, which the double does not have.

use super::course_store::Draft;
use crate::{Error, Result};

impl Draft {
    /// See `draft.remove-originals`. The double moves nothing.
    pub fn remove_originals(&self) -> Result<()> {
        Err(Error::invalid("the double moves nothing"))
    }
}
