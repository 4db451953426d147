//! People, roles and capabilities of this host.

use super::Result;
use async_trait::async_trait;
use serde::{Deserialize, Serialize};

/// A person.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Person {
    pub id: u64,
    pub username: String,
    pub email: String,
    pub firstname: String,
    pub lastname: String,
    pub idnumber: String,
    pub first_access: i64,
    pub last_access: i64,
    pub deleted: bool,
    pub suspended: bool,
    pub site_admin: bool,
    pub created: i64,
    /// Whatever else is known of them: a JSON object.
    pub extra: String,
}

/// Ways to find a person; see `people` in the contract.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum PersonKey {
    Id(u64),
    Username(String),
    Email(String),
    Idnumber(String),
    Origin(String, u64),
}

/// Where a capability is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Place {
    Site,
    Category(u64),
    Course(u64),
    Activity(u64),
    Person(u64),
}

/// A role of this host. The field's eight standard ones are there from the beginning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Role {
    pub id: u64,
    pub shortname: String,
    pub name: String,
    /// `manager coursecreator editingteacher teacher student guest user frontpage` or empty.
    pub archetype: String,
}

/// A capability as a plugin's manifest declares it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Capability {
    pub name: String,
    /// For people, for example `Back up courses`.
    pub label: String,
    /// Archetypes of roles that have it by default.
    #[serde(default)]
    pub archetypes: Vec<String>,
}

/// People and what they may do.
#[async_trait]
pub trait People: Send + Sync {
    /// For each key the person, if there is one (deleted ones by id and origin only).
    async fn lookup(&self, keys: &[PersonKey]) -> Result<Vec<Option<Person>>>;
    /// By id, after `after`.
    async fn people(&self, after: u64, limit: u32) -> Result<Vec<Person>>;
    /// Adds one (`id` and `created` are ignored). Errors: `Conflict` (username).
    async fn add_person(&self, person: Person) -> Result<u64> {
        let added = self.add_people(vec![(person, None)]).await?;
        added.first().copied().ok_or_else(|| super::StoreError::Invalid("nobody was added".into()))
    }
    /// Adds people with the hashes of their passwords, all or none; their ids, in order. Errors: `Conflict` (username).
    async fn add_people(&self, people: Vec<(Person, Option<String>)>) -> Result<Vec<u64>>;
    /// The hash of a person's password, if they have one.
    async fn password(&self, person: u64) -> Result<Option<String>>;
    /// Sets the hash, or takes the password away. Errors: `NotFound` (person).
    async fn set_password(&self, person: u64, hash: Option<&str>) -> Result<()>;
    /// The key with which addresses of files work for the person: 32 hexadecimal digits, made when first asked for.
    async fn file_key(&self, person: u64) -> Result<String>;
    /// Whose key it is.
    async fn person_of_file_key(&self, key: &str) -> Result<Option<Person>>;
    /// Overwrites the fields of one. Errors: `NotFound` (person), `Conflict` (username).
    async fn update_person(&self, person: Person) -> Result<()>;
    /// Whether the person is enrolled in the course and not suspended in it (now within the enrolment's times).
    async fn is_enrolled(&self, person: u64, course: u64) -> Result<bool>;
    /// The roles of this host.
    async fn roles(&self) -> Result<Vec<Role>>;
    /// Ids of the roles the person holds at that place or above it.
    async fn roles_of(&self, person: u64, place: Place) -> Result<Vec<u64>>;
    /// Gives a role at a place (idempotent).
    async fn assign_role(&self, person: u64, role: u64, place: Place) -> Result<()>;
    /// Takes a role away (idempotent).
    async fn unassign_role(&self, person: u64, role: u64, place: Place) -> Result<()>;
    /// Makes capabilities known with their defaults; what an operator changed stays.
    async fn declare_capabilities(&self, capabilities: &[Capability]) -> Result<()>;
    /// The label of one, if known.
    async fn capability_label(&self, name: &str) -> Result<Option<String>>;
    /// Whether the person has it there: site administrators always, others through a role they hold there or above.
    /// Suspended and deleted people have none.
    async fn has_capability(&self, person: u64, capability: &str, place: Place) -> Result<bool>;
    /// Every capability that was declared, by name, with the archetypes' defaults left out.
    async fn capabilities(&self) -> Result<Vec<Capability>>;
    /// What a role may (`true`) and what an operator took from it (`false`), by capability.
    async fn role_capabilities(&self, role: u64) -> Result<Vec<(String, bool)>>;
    /// Gives a role a capability, takes it away, or (none) leaves it to what plugins declare from now on. Errors: `NotFound`
    /// (role, capability).
    async fn set_role_capability(&self, role: u64, capability: &str, allowed: Option<bool>) -> Result<()>;
    /// Adds a role; its id. Errors: `Conflict` (role).
    async fn add_role(&self, shortname: &str, name: &str, archetype: &str) -> Result<u64>;
    /// The roles given to a person on this host, with their places.
    async fn role_grants(&self, person: u64) -> Result<Vec<(u64, Place)>>;
    /// The number of a place's context; of a person it is made when first asked for. Errors: `NotFound`.
    async fn context_of(&self, place: Place) -> Result<u64>;
    /// The course of a course or an activity that is there; none for other places.
    async fn course_of(&self, place: Place) -> Result<Option<u64>>;
    /// The place of a context.
    async fn place_of(&self, context: u64) -> Result<Option<Place>>;
}
