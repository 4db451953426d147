//! Logging in with a password, to get a token (moodle-webservices.md 1.8).

use crate::access::{address_fits, registry_error, store_error};
use crate::{Registry, audit};
use provost_store::api::{Person, PersonKey, Place, Service, Store};
use provost_store::passwords;
use provost_wire::WireError;
use std::net::IpAddr;

/// What lets a person make a token for themselves.
const CREATE_TOKEN: &str = "moodle/webservice:createtoken";

/// Who wants to log in.
#[derive(Clone, Copy)]
pub struct Login<'a> {
    /// The username, as typed.
    pub username: &'a str,
    /// The password.
    pub password: &'a str,
    /// The short name of the service.
    pub service: &'a str,
    /// From where.
    pub address: IpAddr,
}

/// The person's token for the service: the same one until it is revoked.
///
/// # Errors
/// `servicenotavailable`, `invalidlogin` (also for people who are not, are deleted, or have no password: nothing tells these
/// apart, nor does the time it takes), `wsaccessusersuspended`, `noguest`, `usernotallowed`, `invalidtimedtoken`, `invalidiptoken`,
/// `missingrequiredcapability`, `cannotcreatetoken`.
pub async fn login(registry: &Registry, login: Login<'_>) -> Result<String, WireError> {
    let store = registry.host().store.as_ref();
    registry.current().await.map_err(registry_error)?;
    let found = check(store, login).await;
    let (person, ended) = match &found {
        Ok((person, service)) => {
            (Some(person), entitled(store, person, service, login.address).await.map(|()| service.id))
        }
        Err((person, error)) => (person.as_deref(), Err(error.clone())),
    };
    let ended = match (person, ended) {
        (Some(person), Ok(service)) => store.login_token(person.id, service).await.map_err(store_error),
        (_, Err(error)) => Err(error),
        (None, Ok(_)) => Err(invalid_login()),
    };
    let detail = serde_json::json!({ "service": login.service }).to_string();
    let mut row = audit::row("login", person, login.address, "login/token.php", detail, ended.as_ref().map(drop));
    if row.username.is_empty() {
        row.username = login.username.chars().take(100).collect();
    }
    audit::note(store, row).await;
    ended
}

type Refused = (Option<Box<Person>>, WireError);

/// Who it is, if the password is theirs, and the service. The password is looked at whoever it is.
async fn check(store: &dyn Store, login: Login<'_>) -> Result<(Person, Service), Refused> {
    let failed = |error| (None, store_error(error));
    let username = login.username.trim().to_lowercase();
    let found = store.lookup(&[PersonKey::Username(username)]).await.map_err(failed)?;
    let person = found.into_iter().next().flatten();
    let hash = match &person {
        Some(person) => store.password(person.id).await.map_err(failed)?,
        None => None,
    };
    let password = login.password.to_owned();
    let fits = tokio::task::spawn_blocking(move || passwords::verify(&password, hash.as_deref())).await;
    let Some(person) = person.filter(|_| fits.unwrap_or(false)) else { return Err((None, invalid_login())) };
    let refused = |person, code: &str, message: String| Err((Some(Box::new(person)), WireError::coded(code, message)));
    if person.suspended {
        let message = format!("Refused web service access for suspended username: {}", person.username);
        return refused(person, "wsaccessusersuspended", message);
    }
    if person.id == GUEST {
        return refused(person, "noguest", "No guest".into());
    }
    let services = match store.services().await {
        Ok(services) => services,
        Err(error) => return Err((Some(Box::new(person)), store_error(error))),
    };
    match services.into_iter().find(|s| s.enabled && s.shortname == login.service) {
        Some(service) => Ok((person, service)),
        None => refused(
            person,
            "servicenotavailable",
            "Web service is not available. (It doesn't exist or might be disabled.)".into(),
        ),
    }
}

/// The guest of every site.
const GUEST: u64 = 1;

fn invalid_login() -> WireError {
    WireError::coded("invalidlogin", "Invalid login, please try again")
}

/// Whether the person may have a token of the service.
async fn entitled(store: &dyn Store, person: &Person, service: &Service, address: IpAddr) -> Result<(), WireError> {
    if service.restricted {
        let named = store.service_people(service.id).await.map_err(store_error)?;
        let Some(named) = named.into_iter().find(|named| named.person == person.id) else {
            return Err(WireError::coded(
                "usernotallowed",
                "The user is not allowed for this service. First you need to allow this user on the service's allowed users administration page.",
            ));
        };
        if named.valid_until != 0 && named.valid_until <= jiff::Timestamp::now().as_second() {
            return Err(WireError::coded("invalidtimedtoken", "Invalid timed token - token expired"));
        }
        if !address_fits(&named.addresses, address) {
            return Err(WireError::coded("invalidiptoken", "Invalid IP token - IP not supported"));
        }
    }
    let required = &service.required_capability;
    if !required.is_empty() && !store.has_capability(person.id, required, Place::Site).await.map_err(store_error)? {
        return Err(WireError::coded("missingrequiredcapability", format!("The capability {required} is required.")));
    }
    if !store.has_capability(person.id, CREATE_TOKEN, Place::Site).await.map_err(store_error)? {
        return Err(WireError::coded(
            "cannotcreatetoken",
            "No permission to create web service token for this service.",
        ));
    }
    Ok(())
}
