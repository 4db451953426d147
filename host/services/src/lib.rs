//! provost-services
