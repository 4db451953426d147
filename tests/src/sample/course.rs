//! The sample's course level: people, sections, groups, roles, gradebook, calendar, badges, blocks.

pub(super) use super::assembly::Section;
use super::assembly::{Attached, CATEGORY, CONTEXT, COURSE, TEACHER};
use super::{START, quiz};
use crate::forms::{self, Person};
use crate::outline::indented;

pub(super) const FULL_NAME: &str = "Introduction to Beekeeping – Bienen, abeilles & μέλισσες";
pub(super) const SHORT_NAME: &str = "BEES101";

pub(super) const SECTIONS: &[Section] = &[
    Section { id: 41, number: 0, name: "~", summary: "<p>Welcome! Bring a veil and curiosity.</p>", item: None },
    Section {
        id: 42,
        number: 1,
        name: "The colony",
        summary: "<p>Queen, workers and drones – and the <b>hive</b> they live in.</p><p><img src=\"@@PLUGINFILE@@/bee.png\" alt=\"A bee\" /></p>",
        item: None,
    },
    Section {
        id: 43,
        number: 2,
        name: "Through the year",
        summary: "<p>What the beekeeper does from March to November.</p>",
        item: None,
    },
    Section { id: 44, number: 3, name: "Honey & harvest", summary: "", item: None },
    Section {
        id: 45,
        number: 4,
        name: "Varroa in depth",
        summary: "<p>For those who want to know more.</p>",
        item: Some(91),
    },
];

const fn person(
    id: u32,
    username: &'static str,
    first: &'static str,
    last: &'static str,
    email: &'static str,
    city: &'static str,
    country: &'static str,
) -> Person<'static> {
    Person { id, context: id + 1000, username, first, last, email, city, country, since: START - 30 * 86_400 }
}

/// Two teachers and four students.
pub(super) const PEOPLE: &[Person<'static>] = &[
    person(101, "asa.lindqvist", "Åsa", "Lindqvist", "asa@bees.example.org", "Malmö", "SE"),
    person(102, "lukasz.wozniak", "Łukasz", "Woźniak", "lukasz@bees.example.org", "Łódź", "PL"),
    person(103, "noor.elamrani", "Noor", "El-Amrani", "noor@bees.example.org", "Fès", "MA"),
    person(104, "jose.ibanez", "José", "Ibáñez", "jose@bees.example.org", "Málaga", "ES"),
    person(105, "sakura.tanaka", "さくら", "田中", "sakura@bees.example.org", "京都", "JP"),
    person(106, "zoe.oneill", "Zoë", "O'Neill & Sons <test>", "zoe@bees.example.org", "Galway", "IE"),
];

pub(super) const STUDENTS: &[u32] = &[103, 104, 105, 106];

/// A picture made for this course: an eight by eight bee-striped PNG.
pub(super) const BEE_PNG: &[u8] = include_bytes!("bee.png");

pub(super) fn files() -> Vec<Attached> {
    vec![Attached {
        component: "course",
        area: "overviewfiles",
        item: 0,
        name: "bee.png",
        mime: "image/png",
        user: TEACHER,
        content: BEE_PNG.to_vec(),
        ..Attached::default()
    }]
}

pub(super) fn section_files(section: u32) -> Vec<Attached> {
    if section != 42 {
        return Vec::new();
    }
    let mut files = files();
    for f in &mut files {
        (f.area, f.item) = ("section", section);
    }
    files
}

/// Documents of the root and of `course/`, but those derived from others.
pub(super) fn documents() -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = FIXED.iter().map(|(p, o)| ((*p).to_owned(), (*o).to_owned())).collect();
    let mut add = |path: &str, outline: String| all.push((path.to_owned(), outline));
    let rows = |root: &str, rows: String| format!("{root}\n{}", indented(&rows, 1));
    add("users.xml", rows("users", PEOPLE.iter().map(forms::user).collect()));
    let roles = [(3, "editingteacher"), (4, "teacher"), (5, "student")];
    add("roles.xml", rows("roles_definition", roles.iter().map(|(id, n)| forms::role(*id, n)).collect()));
    add("questions.xml", quiz::bank());
    add("course/enrolments.xml", enrolments());
    add("course/roles.xml", course_roles());
    add("course/logstores.xml", logs());
    add("course/course.xml", format!("course id={COURSE} contextid={CONTEXT}\n{COURSE_FIELDS}"));
    add("gradebook.xml", gradebook());
    for block in ["html_71", "calendar_month_72"] {
        add(&format!("course/blocks/{block}/comments.xml"), "comments".to_owned());
        add(&format!("course/blocks/{block}/roles.xml"), "roles\n  role_overrides\n  role_assignments".to_owned());
    }
    all
}

fn enrolments() -> String {
    let mut people = String::new();
    for (n, p) in PEOPLE.iter().enumerate() {
        people += &forms::enrolment(131 + n as u32, p.id, TEACHER, START);
    }
    let mut text = String::from("enrolments\n  enrols\n");
    text += &indented(&forms::enrol(31, "manual", 0, 5, START, &people), 2);
    text += &indented(&forms::enrol(32, "guest", 1, 0, START, ""), 2);
    text += &indented(&forms::enrol(33, "self", 1, 5, START, ""), 2);
    text
}

fn course_roles() -> String {
    let mut text = String::from(
        "roles
  role_overrides
    override id=51
      . roleid=5 capability=mod/forum:startdiscussion permission=1 timemodified=§1 modifierid=101
  role_assignments
",
    );
    for (n, p) in PEOPLE.iter().enumerate() {
        let role = match p.id {
            101 => 3,
            102 => 4,
            _ => 5,
        };
        text += &indented(&forms::role_assignment(151 + n as u32, role, p.id, TEACHER, START), 2);
    }
    text
}

/// The teacher made the course; every student came by on three days, with gaps of minutes and of hours.
fn logs() -> String {
    let mut text = String::from(
        "logstores\n  logstore\n    subplugin_logstore_database_logstore\n    subplugin_logstore_standard_logstore\n",
    );
    let created = forms::LogFacts {
        event: "\\core\\event\\course_created",
        component: "core",
        deed: ("created", "course"),
        object: Some(("course", COURSE)),
        crud: 'c',
        context: CONTEXT,
        user: TEACHER,
    };
    text += &indented(&forms::log(9001, &created, START), 3);
    let mut id = 9002;
    for (n, user) in STUDENTS.iter().enumerate() {
        for day in 1..=3_u64 {
            for minute in [0, 4, 29, 95] {
                let facts = forms::LogFacts {
                    event: "\\core\\event\\course_viewed",
                    deed: ("viewed", "course"),
                    object: None,
                    crud: 'r',
                    user: *user,
                    ..created.clone()
                };
                let time = START + day * 86_400 * (n as u64 + 1) + minute * 60;
                text += &indented(&forms::log(id, &facts, time), 3);
                id += 1;
            }
        }
    }
    text
}

fn gradebook() -> String {
    let mut text = String::from(
        "gradebook
  attributes
  grade_categories
    grade_category id=61
      . parent=~ depth=1 path=/61/ fullname=? aggregation=13 keephigh=0 droplow=0 aggregateonlygraded=1 aggregateoutcomes=0 timecreated=§0 timemodified=§0 hidden=0
  grade_items
",
    );
    text += &indented(&forms::grade_item(70, "~", ("course", None), CATEGORY, 100, 1, START), 2);
    for (n, (user, total)) in [(103, "88.00000"), (104, "71.50000"), (105, "93.33333")].into_iter().enumerate() {
        text += &indented(&forms::grade(700 + n as u32, user, TEACHER, total, 100, START + 31 * 86_400), 4);
    }
    text += "  grade_letters\n    grade_letter id=65\n      . lowerboundary=85.00000 letter=Gold\n    grade_letter id=66\n      . lowerboundary=0.00000 letter=Wax\n  grade_settings\n    grade_setting id=67\n      . name=minmaxtouse value=1\n";
    text
}

const COURSE_FIELDS: &str = "  shortname: BEES101
  fullname: Introduction to Beekeeping – Bienen, abeilles & μέλισσες
  idnumber: bees-2025
  summary: <p>From the <em>first swarm</em> to the first jar of honey. 🐝</p>
  . summaryformat=1 format=topics showgrades=1 newsitems=5 startdate=§0 enddate=§2880 marker=0 maxbytes=0 legacyfiles=0 showreports=0 visible=1 groupmode=0 groupmodeforce=0 defaultgroupingid=0 lang= theme= timecreated=§0 timemodified=§0 requested=0 showactivitydates=1 showcompletionconditions=1 pdfexportfont=~ enablecompletion=1 completionnotify=0
  category id=4
    name: Nature & garden
    description: ~
  tags
    tag id=23
      name: honey bees
      rawname: Honey bees
  customfields
    customfield id=24
      . shortname=level type=text value=beginner valueformat=0
  courseformatoptions
    courseformatoption
      . format=topics sectionid=0 name=hiddensections value=1
    courseformatoption
      . format=topics sectionid=0 name=coursedisplay value=0
";

/// Documents whose text does not depend on anything.
const FIXED: &[(&str, &str)] = &[
    ("scales.xml", "scales_definition"),
    ("outcomes.xml", "outcomes_definition"),
    ("grade_history.xml", "grade_history
  grade_grades
    grade_grade id=6901
      . action=2 oldid=700 source=aggregation loggeduser=101 itemid=70 userid=103 rawgrade=~ rawgrademax=100.00000 rawgrademin=0.00000 rawscaleid=~ usermodified=101 finalgrade=88.00000 hidden=0 locked=0 locktime=0 exported=0 overridden=0 excluded=0 feedback=~ feedbackformat=2 information=~ informationformat=2 timemodified=§744"),
    ("groups.xml", "groups
  group id=11
    name: Morning apiary – früh
    . idnumber=morning
    description: <p>Meets at seven.</p>
    . descriptionformat=1 enrolmentkey= picture=0 visibility=0 participation=1 timecreated=§1 timemodified=§1
    group_members
      group_member id=16
        . userid=103 timeadded=§2 component= itemid=0
      group_member id=17
        . userid=104 timeadded=§2 component= itemid=0
  group id=12
    name: Evening apiary
    . idnumber= description= descriptionformat=1 enrolmentkey= picture=0 visibility=0 participation=1 timecreated=§1 timemodified=§1
    group_members
      group_member id=18
        . userid=105 timeadded=§2 component= itemid=0
  groupcustomfields
  groupings
    grouping id=15
      name: Apiary teams
      . idnumber= description= descriptionformat=1 configdata=~ timecreated=§1 timemodified=§1
      grouping_groups
        grouping_group id=19
          . groupid=11 timeadded=§1
        grouping_group id=20
          . groupid=12 timeadded=§1
    groupingcustomfields"),
    ("completion.xml", "course_completion
  course_completion_criteria id=25
    . course=21 criteriatype=4 module=page moduleinstance=303 courseinstanceshortname=~ enrolperiod=~ timeend=~ gradepass=~ role=~ roleshortname=~
    course_completion_crit_completions
      course_completion_crit_compl id=27
        . criteriaid=25 userid=103 gradefinal=~ unenrolled=~ timecompleted=§50
  course_completions id=28
    . userid=103 course=21 timeenrolled=§0 timestarted=§49 timecompleted=~ reaggregate=0
  course_completion_aggr_methd id=26
    . course=21 criteriatype=~ method=1 value=~"),
    ("badges.xml", "badges
  badge id=95
    name: First sting
    description: Stayed calm when it happened.
    . timecreated=§3 timemodified=§3 usercreated=101 usermodified=101
    issuername: The Apiary
    . issuerurl=https://learn.example.org issuercontact=asa@bees.example.org expiredate=~ expireperiod=~ type=2 courseid=21
    message: <p>Well done, %userfullname%!</p>
    messagesubject: A badge for you
    . attachment=1 notification=0 status=1 nextcron=~ version=1.0 language=en imageauthorname= imageauthoremail= imageauthorurl= imagecaption=
    criteria
      criterion id=96
        . badgeid=95 criteriatype=0 method=1 description= descriptionformat=1
        parameters
      criterion id=97
        . badgeid=95 criteriatype=2 method=2 description= descriptionformat=1
        parameters
          parameter id=98
            . critid=97 name=role_3 value=3 criteriatype=2
    alignments
    relatedbadges
    manual_awards
      manual_award id=99
        . badgeid=95 recipientid=104 issuerid=101 issuerrole=3 datemet=§400
    tags"),
    ("course/calendar.xml", "events
  event id=101
    name: Visit to the town apiary
    description: <p>Meet at the gate, wear light colours.</p>
    . format=1 courseid=21 groupid=0 userid=101 repeatid=0 modulename= instance=0 type=0 eventtype=course timestart=§500 timeduration=7200 timesort=§500 visible=1 uuid= sequence=1 timemodified=§3 priority=~
    location: Südpark 3"),
    ("course/comments.xml", "comments"),
    ("course/competencies.xml", "course_competencies\n  competencies\n  user_competencies"),
    ("course/completiondefaults.xml", "course_completion_defaults"),
    ("course/contentbank.xml", "contents"),
    ("course/filters.xml", "filters
  filter_actives
    filter_active
      . filter=glossary active=1
  filter_configs
    filter_config
      . filter=mathjaxloader name=example value=1"),
    ("course/logs.xml", "logs"),
    ("course/loglastaccess.xml", "lastaccesses
  lastaccess id=103
    . userid=103 timeaccess=§74
  lastaccess id=104
    . userid=104 timeaccess=§146"),
    ("course/blocks/html_71/block.xml", "block id=71 contextid=271 version=2024100700
  . blockname=html parentcontextid=210 showinsubcontexts=0 pagetypepattern=course-view-* subpagepattern=~ defaultregion=side-pre defaultweight=0
  configdata: Tzo4OiJzdGRDbGFzcyI6Mjp7czo1OiJ0aXRsZSI7czo0OiJCdXp6IjtzOjQ6InRleHQiO3M6MTI6IjxwPkJ1enohPC9wPiI7fQ==
  . timecreated=§1 timemodified=§1
  block_positions"),
    ("course/blocks/calendar_month_72/block.xml", "block id=72 contextid=272 version=2024100700
  . blockname=calendar_month parentcontextid=210 showinsubcontexts=0 pagetypepattern=course-view-* subpagepattern=~ defaultregion=side-pre defaultweight=1 configdata= timecreated=§1 timemodified=§1
  block_positions
    block_position id=73
      . contextid=210 pagetype=course-view-topics subpage= visible=1 region=side-pre weight=2"),
];
