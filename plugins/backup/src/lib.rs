//! provost-plugin-backup
