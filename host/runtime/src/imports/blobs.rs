//! `blobs`: contents.

use super::course_types::blob_out;
use super::{Answer, MAX_READ, attempt};
use crate::bindings::provost::plugin::blobs as wit;
use crate::bindings::provost::plugin::types::BlobRef;
use crate::state::CallState;

impl wit::Host for CallState {
    async fn put(&mut self, content: Vec<u8>) -> Answer<BlobRef> {
        attempt!(self.enter_changing("blobs"));
        Ok(Ok(blob_out(attempt!(self.host.blobs.put(content.into()).await))))
    }

    async fn read(&mut self, sha1: String, offset: u64, limit: u32) -> Answer<Vec<u8>> {
        attempt!(self.enter("blobs"));
        let limit = limit.clamp(1, MAX_READ).into();
        Ok(Ok(attempt!(self.host.blobs.read(&sha1, offset, limit).await).into()))
    }

    async fn exists(&mut self, sha1: String) -> Answer<bool> {
        attempt!(self.enter("blobs"));
        Ok(Ok(attempt!(self.host.blobs.size(&sha1).await).is_some()))
    }
}
