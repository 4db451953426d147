//! provost-plugin-restore
