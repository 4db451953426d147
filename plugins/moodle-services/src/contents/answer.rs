//! The shape of the answer (moodle-webservices.md 5.3). A key that is not always there is left out when `None`; one that is
//! null when `None` says so.

use provost_guest::prelude::*;
use serde::Serialize;

/// A section of the course.
#[derive(Debug, Clone, Default, Serialize, Describe)]
pub struct Section {
    /// The section; -1 for the place of modules that are not shown.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// Whether it is visible (1 or 0).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub visible: Option<u8>,
    /// What it is about.
    pub summary: String,
    /// The summary's form.
    pub summaryformat: i64,
    /// Its number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub section: Option<u32>,
    /// Whether the course shows fewer sections than this one's number (1 or 0).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hiddenbynumsections: Option<u8>,
    /// Whether the caller may open it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uservisible: Option<bool>,
    /// Why it is not available.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub availabilityinfo: Option<String>,
    /// The plugin whose activity shows it; null for an ordinary one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub component: Option<Option<String>>,
    /// That activity's instance.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub itemid: Option<Option<u64>>,
    /// What is in it, as shown.
    pub modules: Vec<Module>,
}

/// An activity or resource.
#[derive(Debug, Clone, Default, Serialize, Describe)]
pub struct Module {
    /// The activity (course module).
    pub id: u64,
    /// Its page.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[describe(kind = "URL")]
    pub url: Option<String>,
    /// Its name.
    pub name: String,
    /// Its number within the module.
    pub instance: u64,
    /// Its context.
    pub contextid: u64,
    /// Its description, where the course page shows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Whether it is visible (1 or 0).
    pub visible: u8,
    /// Whether the caller may open it.
    pub uservisible: bool,
    /// Why it is not available.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub availabilityinfo: Option<String>,
    /// Whether the course page shows it (1 or 0).
    pub visibleoncoursepage: i64,
    /// Its icon.
    #[describe(kind = "URL")]
    pub modicon: String,
    /// The module, for example `forum`.
    #[describe(kind = "PLUGIN")]
    pub modname: String,
    /// What it is for, for example `assessment`.
    #[describe(kind = "ALPHA")]
    pub purpose: String,
    /// Whether its icon keeps its own colours.
    pub branded: bool,
    /// The module's name for several of it.
    pub modplural: String,
    /// The conditions as JSON, for who may see them; null where there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub availability: Option<Option<String>>,
    /// How far it is indented.
    pub indent: i64,
    /// What a click does.
    pub onclick: String,
    /// What stands behind its link.
    pub afterlink: Option<String>,
    /// What stands beside its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub activitybadge: Option<Badge>,
    /// What the module says of it, as JSON.
    pub customdata: String,
    /// Whether the module has no pages.
    pub noviewlink: bool,
    /// How completion is tracked: 0 not, 1 by hand, 2 by conditions.
    pub completion: i64,
    /// How far the caller is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub completiondata: Option<Completion>,
    /// Whether it is part of downloads of the course.
    pub downloadcontent: i64,
    /// Its dates.
    pub dates: Vec<Date>,
    /// How it is used by groups: 0 not, 1 separately, 2 visibly.
    pub groupmode: i64,
    /// What it consists of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contents: Option<Vec<Content>>,
    /// That summed up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contentsinfo: Option<ContentsInfo>,
}

/// What stands beside a name. Without keys where nothing does.
#[derive(Debug, Clone, Default, Serialize, Describe)]
pub struct Badge {
    /// Its text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub badgecontent: Option<String>,
    /// Its look.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub badgestyle: Option<String>,
    /// What it leads to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub badgeurl: Option<String>,
    /// Its id in the page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub badgeelementid: Option<String>,
    /// Further attributes of its element.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub badgeextraattributes: Option<Vec<Attribute>>,
}

/// An attribute of an element.
#[derive(Debug, Clone, Serialize, Describe)]
pub struct Attribute {
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

/// How far somebody has completed an activity.
#[derive(Debug, Clone, Serialize, Describe)]
pub struct Completion {
    /// 0 not, 1 complete, 2 with a pass, 3 with a fail.
    pub state: u32,
    /// Since when it is so.
    pub timecompleted: i64,
    /// Who set it by hand for another one.
    pub overrideby: Option<u64>,
    /// Whether conditions of something else look at it.
    pub valueused: bool,
    /// Whether it is tracked at all.
    pub hascompletion: bool,
    /// Whether conditions decide.
    pub isautomatic: bool,
    /// Whether it counts for the caller.
    pub istrackeduser: bool,
    /// Whether the caller may open the activity.
    pub uservisible: bool,
    /// The conditions.
    pub details: Vec<Rule>,
    /// Whether nothing is left to do.
    pub isoverallcomplete: bool,
}

/// A condition of completion.
#[derive(Debug, Clone, Serialize, Describe)]
pub struct Rule {
    /// Its name.
    #[describe(kind = "ALPHANUMEXT")]
    pub rulename: String,
    /// How it stands.
    pub rulevalue: RuleValue,
}

/// How a condition stands.
#[derive(Debug, Clone, Serialize, Describe)]
pub struct RuleValue {
    /// As [`Completion::state`].
    pub status: u32,
    /// What is to be done.
    pub description: String,
}

/// A date of an activity.
#[derive(Debug, Clone, PartialEq, Serialize, Describe)]
pub struct Date {
    /// What it is the date of.
    #[describe(kind = "TEXT")]
    pub label: String,
    /// When.
    pub timestamp: i64,
    /// The date from which it is counted, where it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub relativeto: Option<i64>,
    /// Its name for programs.
    #[describe(kind = "ALPHANUM")]
    pub dataid: String,
}

/// A file or another thing that a module consists of.
#[derive(Debug, Clone, Default, Serialize, Describe)]
pub struct Content {
    /// `file`, `url` or `content`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Its name.
    pub filename: String,
    /// Its directory.
    pub filepath: Option<String>,
    /// In bytes.
    pub filesize: u64,
    /// Where it is.
    pub fileurl: Option<String>,
    /// Itself, or what it is called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
    /// When it was made.
    pub timecreated: Option<i64>,
    /// When it was changed last.
    pub timemodified: i64,
    /// Its place among the others.
    pub sortorder: Option<i64>,
    /// Its type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mimetype: Option<String>,
    /// Whether it lies elsewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub isexternalfile: Option<bool>,
    /// Where it lies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repositorytype: Option<String>,
    /// Who added it.
    pub userid: Option<u64>,
    /// Who made it.
    pub author: Option<String>,
    /// Under which terms.
    pub license: Option<String>,
    /// Its tags.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<Vec<Tag>>,
}

/// A tag.
#[derive(Debug, Clone, Serialize, Describe)]
pub struct Tag {
    /// Its name for comparing.
    pub name: String,
    /// Its name as written.
    pub rawname: String,
}

/// What a module consists of, summed up.
#[derive(Debug, Clone, Default, Serialize, Describe)]
pub struct ContentsInfo {
    /// How many there are.
    pub filescount: u64,
    /// In bytes, all together.
    pub filessize: u64,
    /// The last change of any.
    pub lastmodified: i64,
    /// Their types, each once.
    pub mimetypes: Vec<String>,
    /// Where the first lies, if elsewhere; missing where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repositorytype: Option<String>,
}
