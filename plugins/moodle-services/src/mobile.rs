//! `tool_mobile_get_public_config`: what an app asks before anybody has logged in.

use crate::shape::Warning;
use crate::site::configured;
use crate::text;
use provost_guest::prelude::*;
use provost_guest::{config, services};
use serde::Serialize;

/// The service that apps use.
const APP: &str = "moodle_mobile_app";

/// The functions of this subject.
pub fn functions() -> Vec<Function> {
    vec![
        Function::new(
            "tool_mobile_get_public_config",
            "Returns a list of the site public settings, those not requiring authentication.",
            get_public_config,
        )
        .public(),
    ]
}

#[derive(Serialize, Describe)]
struct PublicConfig {
    /// The site's address.
    wwwroot: String,
    /// The same, where it differs with encryption.
    httpswwwroot: String,
    /// The site's name.
    sitename: String,
    /// Whether guests may log in.
    guestlogin: i64,
    /// 0 no, 1 yes, 2 optional: whether usernames are remembered.
    rememberusername: i64,
    /// Whether one may log in with the email address.
    authloginviaemail: i64,
    /// How people register themselves; empty where they cannot.
    registerauth: String,
    /// Where to go with a forgotten password.
    forgottenpasswordurl: String,
    /// What is said where one logs in.
    authinstructions: String,
    /// Whether accounts without a password are let in.
    authnoneenabled: i64,
    /// Whether there are web services.
    enablewebservices: i64,
    /// Whether there is the service for apps.
    enablemobilewebservice: i64,
    /// Whether the site is under maintenance.
    maintenanceenabled: i64,
    /// What is said then.
    maintenancemessage: String,
    /// The site's logo.
    #[serde(skip_serializing_if = "Option::is_none")]
    logourl: Option<String>,
    /// The small one.
    #[serde(skip_serializing_if = "Option::is_none")]
    compactlogourl: Option<String>,
    /// How to log in: 1 in the app, 2 in a browser, 3 in a browser inside the app.
    typeoflogin: i64,
    /// Where a browser goes to log in.
    #[serde(skip_serializing_if = "Option::is_none")]
    launchurl: Option<String>,
    /// A style sheet for apps.
    #[serde(skip_serializing_if = "Option::is_none")]
    mobilecssurl: Option<String>,
    /// Features that apps leave out.
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_mobile_disabledfeatures: Option<String>,
    /// The country of the site.
    #[serde(skip_serializing_if = "Option::is_none")]
    country: Option<String>,
    /// Whether the age of who registers is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    agedigitalconsentverification: Option<bool>,
    /// Who helps.
    #[serde(skip_serializing_if = "Option::is_none")]
    supportname: Option<String>,
    /// Their address.
    #[serde(skip_serializing_if = "Option::is_none")]
    supportemail: Option<String>,
    /// Their page.
    #[serde(skip_serializing_if = "Option::is_none")]
    supportpage: Option<String>,
    /// Who is helped: 0 nobody, 1 who has logged in, 2 anybody.
    #[serde(skip_serializing_if = "Option::is_none")]
    supportavailability: Option<i64>,
    /// Whether the language follows the browser's.
    #[serde(skip_serializing_if = "Option::is_none")]
    autolang: Option<i64>,
    /// The site's language.
    #[serde(skip_serializing_if = "Option::is_none")]
    lang: Option<String>,
    /// Whether languages are offered.
    #[serde(skip_serializing_if = "Option::is_none")]
    langmenu: Option<i64>,
    /// Which ones; empty for all.
    #[serde(skip_serializing_if = "Option::is_none")]
    langlist: Option<String>,
    /// The site's locale.
    #[serde(skip_serializing_if = "Option::is_none")]
    locale: Option<String>,
    /// The least version of the app that works.
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_mobile_minimumversion: Option<String>,
    /// The app in one shop.
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_mobile_iosappid: Option<String>,
    /// The app in the other.
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_mobile_androidappid: Option<String>,
    /// Where the app is to be had.
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_mobile_setuplink: Option<String>,
    /// What the code to scan does: 0 nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_mobile_qrcodetype: Option<i64>,
    /// What did not work.
    warnings: Vec<Warning>,
}

fn get_public_config(_: &Caller, (): ()) -> Result<PublicConfig> {
    let site = config::get_site();
    let app = match services::get(APP) {
        Ok(service) => service.enabled,
        Err(error) if error.kind == ErrorKind::NotFound => false,
        Err(error) => return Err(error),
    };
    let email = configured("support-email");
    Ok(PublicConfig {
        httpswwwroot: site.url.clone(),
        forgottenpasswordurl: String::new(),
        sitename: text::name(&site.name),
        guestlogin: 0,
        rememberusername: 2,
        authloginviaemail: 0,
        registerauth: String::new(),
        authinstructions: String::new(),
        authnoneenabled: 0,
        enablewebservices: 1,
        enablemobilewebservice: app.into(),
        maintenanceenabled: 0,
        maintenancemessage: String::new(),
        logourl: None,
        compactlogourl: None,
        typeoflogin: 1,
        launchurl: None,
        mobilecssurl: Some(String::new()),
        tool_mobile_disabledfeatures: Some(String::new()),
        country: Some(String::new()),
        agedigitalconsentverification: Some(false),
        supportname: Some(String::new()),
        supportavailability: Some(if email.is_empty() { 0 } else { 2 }),
        supportemail: Some(email),
        supportpage: Some(String::new()),
        autolang: Some(1),
        lang: Some(site.language),
        langmenu: Some(0),
        langlist: Some(String::new()),
        locale: Some(String::new()),
        tool_mobile_minimumversion: Some(String::new()),
        tool_mobile_iosappid: None,
        tool_mobile_androidappid: None,
        tool_mobile_setuplink: None,
        tool_mobile_qrcodetype: Some(0),
        warnings: Vec::new(),
        wwwroot: site.url,
    })
}
