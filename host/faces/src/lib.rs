//! provost-faces
