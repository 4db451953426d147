//! The job.

use crate::copying::{self, Duplicated};
use crate::wish::Payload;
use provost_guest::{JobContext, Result};

/// The kind of this job.
pub const KIND: &str = "duplicate";

/// Duplicates.
pub fn run(job: &JobContext, wish: Payload) -> Result<Duplicated> {
    let (options, forced) = wish.options()?.settle();
    for forced in forced {
        job.warn(&forced.to_string())?;
    }
    copying::copy(&wish, &options, &|fraction| job.progress(fraction))
}
