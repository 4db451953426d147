//! People: `core_user_get_users_by_field` and `core_user_create_users`.

mod by_field;
mod create;

use provost_guest::prelude::*;

/// The functions of this subject.
pub fn functions() -> Vec<Function> {
    vec![by_field::function(), create::function()]
}

#[cfg(test)]
mod tests;
