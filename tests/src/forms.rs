//! Rows and documents in the exact form of a Moodle 4.5 archive, as outlines (see [`crate::outline`]).
//!
//! Field lists and their order are those of mbz-format.md 4 and 5. The sample course and the generator are made of them.

/// Documents of an activity that stay empty unless something fills them: file name and outline.
pub const EMPTY_PARTS: &[(&str, &str)] = &[
    ("calendar.xml", "events"),
    ("comments.xml", "comments"),
    ("competencies.xml", "course_module_competencies\n  competencies"),
    ("completion.xml", "completions\n  completionviews"),
    ("filters.xml", "filters\n  filter_actives\n  filter_configs"),
    ("grade_history.xml", "grade_history\n  grade_grades"),
    ("grades.xml", "activity_gradebook\n  grade_items\n  grade_letters"),
    ("logs.xml", "logs"),
    (
        "logstores.xml",
        "logstores\n  logstore\n    subplugin_logstore_database_logstore\n    subplugin_logstore_standard_logstore",
    ),
    ("roles.xml", "roles\n  role_overrides\n  role_assignments"),
    ("xapistate.xml", "states"),
];

/// Root settings in Moodle's order, but the file name (mbz-format.md 4.1).
pub const ROOT_SETTINGS: &[&str] = &[
    "imscc11",
    "users",
    "anonymize",
    "role_assignments",
    "activities",
    "blocks",
    "files",
    "filters",
    "comments",
    "badges",
    "calendarevents",
    "userscompletion",
    "logs",
    "grade_histories",
    "questionbank",
    "groups",
    "competencies",
    "customfield",
    "contentbankcontent",
    "xapistate",
    "legacyfiles",
];

/// The course as `moodle_backup.xml` names it.
#[derive(Debug, Clone)]
pub struct CourseFacts<'a> {
    /// File name of the archive.
    pub archive: &'a str,
    /// Course id.
    pub id: u32,
    /// Its context.
    pub context: u32,
    /// Full name.
    pub fullname: &'a str,
    /// Short name.
    pub shortname: &'a str,
    /// Start in Unix seconds.
    pub start: u64,
    /// End in Unix seconds.
    pub end: u64,
    /// When the backup was made, in Unix seconds.
    pub made: u64,
    /// 32 hex digits.
    pub backup_id: &'a str,
}

/// Everything of `information` before `contents`.
pub fn information(c: &CourseFacts<'_>) -> String {
    format!(
        "name: {}
moodle_version: 2024100706
moodle_release: 4.5.6 (Build: 20250811)
backup_version: 2024100700
backup_release: 4.5
backup_date: {}
. mnet_remoteusers=0 include_files=1 include_file_references_to_external_content=0
original_wwwroot: https://learn.example.org
original_site_identifier_hash: 3f1c6e0a9b7d4c52a8e1f0b6d5c4938e
. original_course_id={} original_course_format=topics
original_course_fullname: {}
original_course_shortname: {}
. original_course_startdate={} original_course_enddate={} original_course_contextid={} original_system_contextid=1
details
  detail backup_id={}
    . type=course format=moodle2 interactive= mode=10 execution=1 executiontime=0
",
        c.archive, c.made, c.id, c.fullname, c.shortname, c.start, c.end, c.context, c.backup_id
    )
}

/// An activity in `contents`. `in_subsection` when its section is a subsection's.
pub fn contents_activity(module: &str, id: u32, section: u32, title: &str, in_subsection: bool) -> String {
    let inside = if in_subsection { "1" } else { "" };
    format!(
        "activity
  . moduleid={id} sectionid={section} modulename={module}
  title: {title}
  . directory=activities/{module}_{id} insubsection={inside}
"
    )
}

/// A section in `contents`; `parent` is the subsection activity's course-module id.
pub fn contents_section(id: u32, title: &str, parent: Option<u32>) -> String {
    let (parent, module) = match parent {
        Some(cm) => (cm.to_string(), "subsection"),
        None => (String::new(), ""),
    };
    format!(
        "section
  sectionid: {id}
  title: {title}
  . directory=sections/section_{id} parentcmid={parent} modname={module}
"
    )
}

/// A setting of the root.
pub fn root_setting(name: &str, value: &str) -> String {
    format!("setting\n  . level=root name={name}\n  value: {value}\n")
}

/// The two settings of a section or activity, both on.
pub fn part_settings(level: &str, part: &str) -> String {
    let one = |what: &str| format!("setting\n  . level={level} {level}={part} name={part}_{what} value=1\n");
    one("included") + &one("userinfo")
}

/// A person.
#[derive(Debug, Clone)]
pub struct Person<'a> {
    /// User id.
    pub id: u32,
    /// Its context.
    pub context: u32,
    /// Login name.
    pub username: &'a str,
    /// Given name.
    pub first: &'a str,
    /// Family name.
    pub last: &'a str,
    /// E-mail.
    pub email: &'a str,
    /// City.
    pub city: &'a str,
    /// ISO country code.
    pub country: &'a str,
    /// First seen, in Unix seconds.
    pub since: u64,
}

/// A row of `users.xml`.
pub fn user(p: &Person<'_>) -> String {
    format!(
        "user id={} contextid={}
  username: {}
  . idnumber=
  email: {}
  . phone1= phone2= institution= department= address=
  city: {}
  . country={} lastip=192.0.2.10 picture=0 description=~ descriptionformat=1 imagealt=~ auth=manual firstnamephonetic=~ lastnamephonetic=~ middlename=~ alternatename=~
  firstname: {}
  lastname: {}
  . confirmed=1 policyagreed=0 deleted=0 lang=en theme= timezone=99 firstaccess={since} lastaccess={since} lastlogin=0 currentlogin={since} mailformat=1 maildigest=0 maildisplay=2 autosubscribe=1 trackforums=0 timecreated={since} timemodified={since} trustbitmask=0
  custom_fields
  tags
  preferences
  roles
    role_overrides
    role_assignments
",
        p.id, p.context, p.username, p.email, p.city, p.country, p.first, p.last, since = p.since
    )
}

/// A row of `files.xml`.
#[derive(Debug, Clone)]
pub struct FileRow {
    /// Row id.
    pub id: u32,
    /// SHA-1 of the content in hex.
    pub hash: String,
    /// Size in bytes.
    pub size: u64,
    /// Owning context.
    pub context: u32,
    /// Component, such as `mod_page`.
    pub component: String,
    /// File area.
    pub area: String,
    /// Item id, 0 where the area has none.
    pub item: u32,
    /// Name; `.` for the area's directory.
    pub name: String,
    /// MIME type; `None` for a directory.
    pub mime: Option<String>,
    /// Owner.
    pub user: Option<u32>,
    /// Unix seconds.
    pub time: u64,
    /// Who made it, in words.
    pub author: Option<String>,
    /// The repository kind and the reference of a file that is only a link.
    pub alias: Option<(String, String)>,
}

/// SHA-1 of nothing.
pub const EMPTY_HASH: &str = "da39a3ee5e6b4b0d3255bfef95601890afd80709";

/// A row of `files.xml`.
pub fn file(f: &FileRow) -> String {
    let user = f.user.map_or("~".to_owned(), |u| u.to_string());
    let source = if f.mime.is_some() { f.name.as_str() } else { "~" };
    let (kind, repository, reference) = match &f.alias {
        Some((kind, reference)) => (kind.as_str(), "3", reference.as_str()),
        None => ("~", "~", "~"),
    };
    format!(
        "file id={}
  . contenthash={} contextid={} component={} filearea={} itemid={} filepath=/
  filename: {}
  . userid={user} filesize={} mimetype={} status=0 timecreated={time} timemodified={time}
  source: {source}
  author: {author}
  . license=~ sortorder=0 repositorytype={kind} repositoryid={repository}
  reference: {reference}
",
        f.id,
        f.hash,
        f.context,
        f.component,
        f.area,
        f.item,
        f.name,
        f.size,
        f.mime.as_deref().unwrap_or("~"),
        author = f.author.as_deref().unwrap_or("~"),
        time = f.time
    )
}

/// What `module.xml` says of an activity.
#[derive(Debug, Clone)]
pub struct ModuleFacts<'a> {
    /// Course-module id.
    pub id: u32,
    /// Module name.
    pub module: &'a str,
    /// Section id.
    pub section: u32,
    /// Section number.
    pub number: u32,
    /// When it was added, in Unix seconds.
    pub added: u64,
    /// Shown to students.
    pub visible: bool,
    /// 0 none, 1 manual, 2 automatic.
    pub completion: u8,
    /// Restriction as JSON without spaces, or `~`.
    pub availability: &'a str,
    /// 0 none, 1 separate, 2 visible groups.
    pub group_mode: u8,
    /// Grouping id or 0.
    pub grouping: u32,
}

/// `module.xml`.
pub fn module(m: &ModuleFacts<'_>) -> String {
    let visible = u8::from(m.visible);
    let view = u8::from(m.completion == 2);
    format!(
        "module id={} version=2024100700
  . modulename={} sectionid={} sectionnumber={} idnumber= added={} score=0 indent=0 visible={visible} visibleoncoursepage=1 visibleold={visible} groupmode={} groupingid={} completion={} completiongradeitemnumber=~ completionpassgrade=0 completionview={view} completionexpected=0
  availability: {}
  . showdescription=0 downloadcontent=1 lang=~
  tags
",
        m.id,
        m.module,
        m.section,
        m.number,
        m.added,
        m.group_mode,
        m.grouping,
        m.completion,
        m.availability
    )
}

/// `section.xml`. `item` is the subsection's instance id for a delegated section.
pub fn section(
    id: u32,
    number: u32,
    name: &str,
    summary: &str,
    sequence: &[u32],
    item: Option<u32>,
    time: u64,
) -> String {
    let sequence: Vec<String> = sequence.iter().map(u32::to_string).collect();
    let (component, item) = match item {
        Some(item) => ("mod_subsection", item.to_string()),
        None => ("~", "~".to_owned()),
    };
    format!(
        "section id={id}
  number: {number}
  name: {name}
  summary: {summary}
  . summaryformat=1 sequence={} visible=1 availabilityjson=~ component={component} itemid={item} timemodified={time}
",
        sequence.join(",")
    )
}

/// A grade item. `module` is module and instance of an activity's item, `None` for the course's own.
pub fn grade_item(
    id: u32,
    name: &str,
    kind: (&str, Option<(&str, u32)>),
    category: u32,
    max: u32,
    order: u32,
    time: u64,
) -> String {
    let (kind, module) = kind;
    let (module, instance, number, category, idnumber) = match module {
        Some((module, instance)) => (module, instance, "0", category.to_string(), ""),
        None => ("~", category, "~", "~".to_owned(), "~"),
    };
    format!(
        "grade_item id={id}
  . categoryid={category}
  itemname: {name}
  . itemtype={kind} itemmodule={module} iteminstance={instance} itemnumber={number} iteminfo=~ idnumber={idnumber} calculation=~ gradetype=1 grademax={max}.00000 grademin=0.00000 scaleid=~ outcomeid=~ gradepass=0.00000 multfactor=1.00000 plusfactor=0.00000 aggregationcoef=0.00000 aggregationcoef2=0.33333 weightoverride=0 sortorder={order} display=0 decimals=~ hidden=0 locked=0 locktime=0 needsupdate=0 timecreated={time} timemodified={time}
  grade_grades
"
    )
}

/// One person's grade; `grade` as the database prints it, such as `87.50000`.
pub fn grade(id: u32, user: u32, grader: u32, grade: &str, max: u32, time: u64) -> String {
    format!(
        "grade_grade id={id}
  . userid={user} rawgrade={grade} rawgrademax={max}.00000 rawgrademin=0.00000 rawscaleid=~ usermodified={grader} finalgrade={grade} hidden=0 locked=0 locktime=0 exported=0 overridden=0 excluded=0 feedback=~ feedbackformat=2 information=~ informationformat=2 timecreated={time} timemodified={time} aggregationstatus=used aggregationweight=0.33333
"
    )
}

/// A row of a grade history.
#[derive(Debug, Clone)]
pub struct PastGrade<'a> {
    /// Id of this row.
    pub id: u32,
    /// Id of the grade that changed.
    pub old: u32,
    /// Grade item.
    pub item: u32,
    /// Whose grade.
    pub user: u32,
    /// Who gave it.
    pub grader: u32,
    /// What it became, as the database prints it.
    pub grade: &'a str,
    /// The item's maximum.
    pub max: u32,
    /// When, in Unix seconds.
    pub time: u64,
}

/// A row of a grade history.
pub fn past_grade(p: &PastGrade<'_>) -> String {
    let PastGrade { id, old, item, user, grader, grade, max, time } = p;
    format!(
        "grade_grade id={id}
  . action=2 oldid={old} source=mod/assign loggeduser={grader} itemid={item} userid={user} rawgrade={grade} rawgrademax={max}.00000 rawgrademin=0.00000 rawscaleid=~ usermodified={grader} finalgrade={grade} hidden=0 locked=0 locktime=0 exported=0 overridden=0 excluded=0 feedback=~ feedbackformat=2 information=~ informationformat=2 timemodified={time}
"
    )
}

/// An enrolment instance; `people` are its `enrolment` rows.
pub fn enrol(id: u32, method: &str, status: u8, role: u32, time: u64, people: &str) -> String {
    format!(
        "enrol id={id}
  . enrol={method} status={status} name=~ enrolperiod=0 enrolstartdate=0 enrolenddate=0 expirynotify=0 expirythreshold=86400 notifyall=0 password=~ cost=~ currency=~ roleid={role} customint1=0 customint2=~ customint3=~ customint4=~ customint5=~ customint6=1 customint7=~ customint8=~ customchar1=~ customchar2=~ customchar3=~ customdec1=~ customdec2=~ customtext1=~ customtext2=~ customtext3=~ customtext4=~ timecreated={time} timemodified={time}
  user_enrolments
{}",
        crate::outline::indented(people, 2)
    )
}

/// One person's enrolment.
pub fn enrolment(id: u32, user: u32, by: u32, time: u64) -> String {
    format!(
        "enrolment id={id}\n  . status=0 userid={user} timestart={time} timeend=0 modifierid={by} timemodified={time}\n"
    )
}

/// One person's role in the course.
pub fn role_assignment(id: u32, role: u32, user: u32, by: u32, time: u64) -> String {
    format!(
        "assignment id={id}\n  . roleid={role} userid={user} timemodified={time} modifierid={by} component= itemid=0 sortorder=0\n"
    )
}

/// A role definition.
pub fn role(id: u32, short: &str) -> String {
    format!("role id={id}\n  . name= shortname={short} nameincourse=~ description= sortorder={id} archetype={short}\n")
}

/// What a log row tells.
#[derive(Debug, Clone)]
pub struct LogFacts<'a> {
    /// Event class, such as `\core\event\course_viewed`.
    pub event: &'a str,
    /// Component that raised it.
    pub component: &'a str,
    /// What was done and to what, such as `viewed` and `course`.
    pub deed: (&'a str, &'a str),
    /// Table and row concerned, if any.
    pub object: Option<(&'a str, u32)>,
    /// `c`, `r`, `u` or `d`.
    pub crud: char,
    /// Context.
    pub context: u32,
    /// Who.
    pub user: u32,
}

/// A row of the standard log.
pub fn log(id: u32, l: &LogFacts<'_>, time: u64) -> String {
    let (table, object) = match l.object {
        Some((table, id)) => (table, id.to_string()),
        None => ("~", "~".to_owned()),
    };
    format!(
        "logstore_standard_log id={id}
  . eventname={} component={} action={} target={} objecttable={table} objectid={object} crud={} edulevel=2 contextid={} userid={} relateduserid=~ anonymous=0 other=Tjs= timecreated={time} ip=192.0.2.10 realuserid=~
",
        l.event, l.component, l.deed.0, l.deed.1, l.crud, l.context, l.user
    )
}
