//! Who may do what: people, roles, services, tokens, and what they did.

use clap::{Args, Subcommand};

#[derive(Subcommand)]
pub enum Token {
    /// Create a token and print it, the only time it is shown.
    Create {
        /// Whose token.
        #[arg(long)]
        user: String,
        /// The service it is for.
        #[arg(long, default_value = "provost")]
        service: String,
        /// A name to tell it by.
        #[arg(long, default_value = "")]
        name: String,
        /// How long it is valid, for example 30d or 12h; default: for ever.
        #[arg(long, value_name = "SPAN")]
        expires: Option<String>,
        /// Addresses it may be used from, for example 192.0.2.0/24,::1; default: any.
        #[arg(long, default_value = "", value_name = "LIST")]
        addresses: String,
    },
    /// List tokens (never the secrets).
    List,
    /// Revoke a token.
    Revoke {
        /// Its number, as listed.
        id: u64,
    },
}

#[derive(Subcommand)]
pub enum User {
    /// List people.
    List,
    /// Show one person.
    Show {
        /// Username.
        username: String,
    },
    /// Create a person.
    Create {
        /// Username.
        username: String,
        /// E-mail address.
        #[arg(long, default_value = "")]
        email: String,
        /// First name.
        #[arg(long, default_value = "")]
        firstname: String,
        /// Last name.
        #[arg(long, default_value = "")]
        lastname: String,
        /// Make a site administrator.
        #[arg(long)]
        admin: bool,
        /// Read a password from the first line of standard input. Without a password nobody logs in as this person.
        #[arg(long)]
        password_stdin: bool,
    },
    /// Set a person's password: the first line of standard input, or asked for on a terminal.
    Password {
        /// Username.
        username: String,
        /// Take the password away instead.
        #[arg(long)]
        remove: bool,
    },
    /// Suspend a person: no token of theirs works.
    Suspend {
        /// Username.
        username: String,
        /// Take the suspension back.
        #[arg(long)]
        undo: bool,
    },
    /// Give or take a role.
    Role {
        /// Username.
        username: String,
        /// The role's short name, for example editingteacher.
        role: String,
        /// In this course; default: on the whole site.
        #[arg(long, conflicts_with = "category")]
        course: Option<u64>,
        /// In this category and all that is in it.
        #[arg(long)]
        category: Option<u64>,
        /// Take it away.
        #[arg(long)]
        remove: bool,
    },
}

#[derive(Subcommand)]
pub enum Role {
    /// List roles.
    List,
    /// Show what a role may.
    Show {
        /// The role's short name.
        role: String,
    },
    /// Add a role; prints its number.
    Create {
        /// Its short name.
        role: String,
        /// Its name for people.
        #[arg(long)]
        name: Option<String>,
        /// The standard role that it begins as: it gets what that one may by default.
        #[arg(long, default_value = "")]
        like: String,
    },
    /// Give a role a capability.
    Allow {
        /// The role's short name.
        role: String,
        /// For example moodle/backup:backupcourse.
        capability: String,
    },
    /// Take a capability from a role.
    Prevent {
        /// The role's short name.
        role: String,
        /// The capability.
        capability: String,
    },
    /// Leave a capability of a role to the plugins' defaults again.
    Reset {
        /// The role's short name.
        role: String,
        /// The capability.
        capability: String,
    },
    /// List the capabilities that there are.
    Capabilities,
}

#[derive(Subcommand)]
pub enum Service {
    /// List services.
    List,
    /// Show a service with its functions.
    Show {
        /// Its short name.
        service: String,
    },
    /// Add a service, or change one; what is not given stays as it is.
    Set(SetService),
    /// Name somebody for a restricted service.
    AddUser {
        /// The service's short name.
        service: String,
        /// Username.
        username: String,
        /// How long, for example 30d; default: for ever.
        #[arg(long, value_name = "SPAN")]
        expires: Option<String>,
        /// Addresses from which; default: any.
        #[arg(long, default_value = "", value_name = "LIST")]
        addresses: String,
    },
    /// Take somebody off a restricted service.
    RemoveUser {
        /// The service's short name.
        service: String,
        /// Username.
        username: String,
    },
}

#[derive(Args)]
pub struct SetService {
    /// Its short name.
    pub service: String,
    /// Its name for people.
    #[arg(long)]
    pub name: Option<String>,
    /// A function in it; may be repeated. Replaces those it had.
    #[arg(long = "function", value_name = "NAME", conflicts_with = "all_functions")]
    pub functions: Vec<String>,
    /// Every function of the loaded plugins.
    #[arg(long)]
    pub all_functions: bool,
    /// Whether it can be used.
    #[arg(long, value_name = "BOOL")]
    pub enabled: Option<bool>,
    /// Whether its clients may download files.
    #[arg(long, value_name = "BOOL")]
    pub download_files: Option<bool>,
    /// Whether its clients may upload files.
    #[arg(long, value_name = "BOOL")]
    pub upload_files: Option<bool>,
    /// What a person needs to use it; empty for nothing.
    #[arg(long, value_name = "CAPABILITY")]
    pub required_capability: Option<String>,
    /// Whether only people named for it may use it.
    #[arg(long, value_name = "BOOL")]
    pub restricted: Option<bool>,
}

/// What was done, newest first: who, what, when, how it ended.
#[derive(Args)]
pub struct Audit {
    /// Only what this person did.
    #[arg(long, value_name = "USERNAME")]
    pub user: Option<String>,
    /// Only actions that begin so, for example core_course_.
    #[arg(long, value_name = "PREFIX")]
    pub action: Option<String>,
    /// Only what was done within this span, for example 7d or 12h.
    #[arg(long, value_name = "SPAN")]
    pub since: Option<String>,
    /// Only what failed.
    #[arg(long)]
    pub failed: bool,
    /// How many at most.
    #[arg(long, default_value_t = 50)]
    pub limit: u32,
}
