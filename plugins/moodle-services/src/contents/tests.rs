//! The function against a course built of documents, and against what a real Moodle answered.

mod built;
mod recorded;
