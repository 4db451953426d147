//! `core_webservice_get_site_info`: what a client asks first (moodle-webservices.md 5.1).

use crate::access::{self, SITE};
use crate::shape::{object, text_of};
use crate::text;
use provost_guest::people::Place;
use provost_guest::prelude::*;
use provost_guest::{config, services, web_service};
use serde::{Deserialize, Serialize};

/// The functions of this subject.
pub fn functions() -> Vec<Function> {
    vec![
        Function::new(
            "core_webservice_get_site_info",
            "Return some site info / user info / list web service functions",
            get_site_info,
        )
        .capability("moodle/user:manageownfiles"),
    ]
}

/// A text of the plugin's configuration; empty where it has none.
pub fn configured(key: &str) -> String {
    config::get(key).and_then(|value| serde_json::from_str(&value).ok()).unwrap_or_default()
}

/// The picture of somebody without one of their own: `f1` is the large one, `f2` the small one.
pub fn picture(size: &str) -> String {
    text::address(&format!("/theme/image.php/boost/core/1/u/{size}"))
}

#[derive(Deserialize, Describe)]
struct Ask {
    /// Not used any more: the answer is about the service of the token.
    #[describe(kind = "ALPHANUMEXT", default = [])]
    #[serde(rename = "serviceshortnames")]
    _serviceshortnames: Vec<String>,
}

#[derive(Serialize, Describe)]
struct Offered {
    /// The function's name.
    name: String,
    /// The version of what answers it.
    version: String,
}

#[derive(Serialize, Describe)]
struct Feature {
    /// The feature.
    name: String,
    /// 1 where it is there, usually.
    value: i64,
}

#[derive(Serialize, Describe)]
struct SiteInfo {
    /// The site's name.
    sitename: String,
    /// The caller's username.
    username: String,
    /// First name.
    firstname: String,
    /// Last name.
    lastname: String,
    /// Both.
    fullname: String,
    /// The caller's language.
    lang: String,
    /// The caller's id.
    userid: u64,
    /// The site's address.
    siteurl: String,
    /// The caller's picture. It is kept in the Moodle app, which asks for it without a token.
    userpictureurl: String,
    /// What the service of the call offers.
    functions: Vec<Offered>,
    /// 1 if files may be downloaded through the service.
    #[serde(skip_serializing_if = "Option::is_none")]
    downloadfiles: Option<i64>,
    /// 1 if files may be uploaded through the service.
    #[serde(skip_serializing_if = "Option::is_none")]
    uploadfiles: Option<i64>,
    /// The release.
    #[serde(skip_serializing_if = "Option::is_none")]
    release: Option<String>,
    /// The version number.
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    /// A style sheet for apps.
    #[serde(skip_serializing_if = "Option::is_none")]
    mobilecssurl: Option<String>,
    /// Features of the site.
    #[serde(skip_serializing_if = "Option::is_none")]
    advancedfeatures: Option<Vec<Feature>>,
    /// Whether the caller may keep files of their own.
    #[serde(skip_serializing_if = "Option::is_none")]
    usercanmanageownfiles: Option<bool>,
    /// The most bytes that they may keep; 0 for no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    userquota: Option<i64>,
    /// The most bytes that one of their uploads may have; -1 for no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    usermaxuploadfilesize: Option<i64>,
    /// Their first page: 0 the site, 1 the dashboard, 3 my courses.
    #[serde(skip_serializing_if = "Option::is_none")]
    userhomepage: Option<i64>,
    /// Its address, where it is another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    userhomepageurl: Option<String>,
    /// The key for addresses of files without a token.
    #[serde(skip_serializing_if = "Option::is_none")]
    userprivateaccesskey: Option<String>,
    /// The number of the site's own course.
    #[serde(skip_serializing_if = "Option::is_none")]
    siteid: Option<u64>,
    /// The site's calendar.
    #[serde(skip_serializing_if = "Option::is_none")]
    sitecalendartype: Option<String>,
    /// The caller's calendar.
    #[serde(skip_serializing_if = "Option::is_none")]
    usercalendartype: Option<String>,
    /// Whether the caller is an administrator of the site.
    #[serde(skip_serializing_if = "Option::is_none")]
    userissiteadmin: Option<bool>,
    /// The caller's theme.
    #[serde(skip_serializing_if = "Option::is_none")]
    theme: Option<String>,
    /// How many sessions at a time somebody may have; 0 for no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    limitconcurrentlogins: Option<i64>,
    /// How many the caller has, where there is a limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    usersessionscount: Option<i64>,
    /// Whether the caller agreed to the site's policies.
    #[serde(skip_serializing_if = "Option::is_none")]
    policyagreed: Option<i64>,
}

/// What a site has of what Moodle may have. There are no functions for what is 0 here.
const FEATURES: &[(&str, i64)] = &[
    ("usecomments", 0),
    ("usetags", 0),
    ("enablenotes", 0),
    ("messaging", 0),
    ("enableblogs", 0),
    ("enablecompletion", 1),
    ("enablebadges", 0),
    ("messagingallusers", 0),
    ("enablecustomreports", 0),
    ("enableglobalsearch", 0),
    ("mnet_dispatcher_mode", 0),
    ("enablecompetencies", 0),
];

fn get_site_info(caller: &Caller, _: Ask) -> Result<SiteInfo> {
    let site = config::get_site();
    let person = access::person(caller.person)?;
    let extra = object(&person.extra);
    let or = |key: &str, default: &str| {
        let text = text_of(&extra, key);
        if text.is_empty() { default.to_owned() } else { text }
    };
    let shortname = web_service::service();
    let service = if shortname.is_empty() { None } else { Some(services::get(&shortname)?) };
    let functions = if shortname.is_empty() { Vec::new() } else { services::functions(&shortname)? };
    let limit = service.as_ref().map(|s| i64::try_from(s.max_upload).unwrap_or(i64::MAX));
    Ok(SiteInfo {
        sitename: text::name(&site.name),
        fullname: full_name(&person.firstname, &person.lastname),
        username: person.username,
        firstname: person.firstname,
        lastname: person.lastname,
        lang: or("lang", &site.language),
        userid: caller.person,
        siteurl: site.url,
        userpictureurl: picture("f1"),
        functions: functions.into_iter().map(|f| Offered { name: f.name, version: f.version }).collect(),
        downloadfiles: service.as_ref().map(|s| s.download_files.into()),
        uploadfiles: service.as_ref().map(|s| s.upload_files.into()),
        release: Some(configured("release")),
        version: Some(configured("version")),
        mobilecssurl: Some(String::new()),
        advancedfeatures: Some(
            FEATURES.iter().map(|(name, value)| Feature { name: (*name).into(), value: *value }).collect(),
        ),
        usercanmanageownfiles: Some(access::may(caller, "moodle/user:manageownfiles", Place::Person(caller.person))?),
        userquota: Some(0),
        usermaxuploadfilesize: limit,
        userhomepage: Some(1),
        userhomepageurl: None,
        userprivateaccesskey: Some(services::file_key(caller.person)?),
        siteid: Some(SITE),
        sitecalendartype: Some("gregorian".into()),
        usercalendartype: Some(or("calendartype", "gregorian")),
        userissiteadmin: Some(caller.site_admin),
        theme: Some(or("theme", "boost")),
        limitconcurrentlogins: Some(0),
        usersessionscount: None,
        policyagreed: Some(0),
    })
}

/// First and last name as one.
pub fn full_name(first: &str, last: &str) -> String {
    format!("{first} {last}").trim_start().to_owned()
}
