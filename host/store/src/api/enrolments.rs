//! Who takes part in which course; see `enrolments` in the contract.

use super::{Person, Result};
use async_trait::async_trait;

/// See `enrolment`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Enrolment {
    pub method: String,
    pub suspended: bool,
    pub start: i64,
    pub end: i64,
    /// Made on this host.
    pub here: bool,
}

/// See `participant`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Participant {
    pub person: Person,
    pub enrolments: Vec<Enrolment>,
    pub active: bool,
    pub roles: Vec<u64>,
    /// Those of `roles` that were given on this host.
    pub roles_here: Vec<u64>,
    pub groups: Vec<u64>,
}

/// See `group`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Group {
    pub id: u64,
    pub scope: u64,
    pub local: u64,
    pub name: String,
    pub idnumber: String,
    pub element: Vec<u8>,
}

/// See `new-enrolment`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct NewEnrolment {
    pub course: u64,
    pub person: u64,
    pub role: u64,
    pub start: i64,
    pub end: i64,
    pub suspended: bool,
}

/// See `completed`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Completed {
    /// Item id.
    pub activity: u64,
    pub state: u32,
    pub modified: i64,
}

/// Participants of courses.
#[async_trait]
pub trait Enrolments: Send + Sync {
    /// By person, after `after`; deleted ones are left out. Errors: `NotFound` (course).
    async fn participants(&self, course: u64, after: u64, limit: u32) -> Result<Vec<Participant>>;
    /// One of them.
    async fn participant(&self, course: u64, person: u64) -> Result<Option<Participant>>;
    /// The courses in which somebody is enrolled, by id, and whether actively.
    async fn courses_of(&self, person: u64) -> Result<Vec<(u64, bool)>>;
    /// The groups of a course.
    async fn groups(&self, course: u64) -> Result<Vec<Group>>;
    /// Enrols people by the method `manual` and gives them their roles, all or none. Errors: `NotFound`
    /// (course, person, role).
    async fn enrol(&self, enrolments: Vec<NewEnrolment>) -> Result<()>;
    /// Takes enrolments of a method away. Without any left, the person's roles at the course and memberships go too.
    async fn unenrol(&self, course: u64, person: u64, method: &str) -> Result<()>;
    /// What is recorded of somebody's completion in a course.
    async fn completion_of(&self, course: u64, person: u64) -> Result<Vec<Completed>>;
}
