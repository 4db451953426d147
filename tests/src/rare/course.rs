//! The rare course's own documents: those at the top and of `course/`, sections and blocks.

use super::people::{ASKER, ENROLLED, MAKER, PLANNER, TEACHER};
use super::{CONTEXT, bank, people};
use crate::forms;
use crate::outline::indented;
use crate::sample::START;
use crate::sample::assembly::{Assembly, Attached, Section};

pub(super) const SECTIONS: &[Section] = &[
    Section { id: 51, number: 0, name: "[[d/section]]", summary: "[[d/section-summary]]", item: None },
    Section { id: 52, number: 1, name: "[[d/section-one]]", summary: "", item: None },
];

/// Adds the documents. `sequences` are the course modules of each section.
pub(super) fn add(assembly: &mut Assembly, sequences: &[Vec<u32>]) {
    for (section, sequence) in SECTIONS.iter().zip(sequences) {
        let directory = format!("sections/section_{}", section.id);
        let mut text = forms::section(section.id, section.number, section.name, section.summary, sequence, None, START);
        if section.number == 1 {
            text += SECTION_PLUGIN;
        }
        assembly.document(&format!("{directory}/section.xml"), &text);
        assembly.inforef(&directory, &[]);
    }
    for (path, outline) in FIXED {
        assembly.document(path, outline);
    }
    assembly.document("users.xml", &people::document());
    assembly.document("questions.xml", &bank::document());
    let mut roles = String::from("roles_definition\n");
    // The last two are only roles that somebody has with regard to a person.
    for (id, name) in [(3, "editingteacher"), (5, "student"), (6, "mentor"), (7, "reader")] {
        roles += &indented(&forms::role(id, name), 1);
    }
    assembly.document("roles.xml", &roles);
    let mut enrolments = String::new();
    for (n, id) in ENROLLED.iter().enumerate() {
        enrolments += &forms::enrolment(131 + n as u32, *id, TEACHER, START);
    }
    let method = forms::enrol(31, "manual", 0, 5, START, &enrolments) + ENROLMENT_PLUGIN;
    assembly.document("course/enrolments.xml", &format!("enrolments\n  enrols\n{}", indented(&method, 2)));
    let assigned = forms::role_assignment(151, 5, ENROLLED[0], TEACHER, START)
        .replace("component=", "component=[[ur/assignment]]");
    assembly.document(
        "course/roles.xml",
        &format!(
            "roles\n  role_overrides\n    override id=51\n      . roleid=5 capability=[[d/override]] permission=1 timemodified=§1 modifierid={TEACHER}\n  role_assignments\n{}",
            indented(&assigned, 2)
        ),
    );
    assembly.document("course/logstores.xml", &logs());
    let files = assembly.attach(
        1271,
        vec![Attached {
            component: "block_html",
            area: "content",
            name: "[[b/block-file]].txt",
            mime: "text/plain",
            user: TEACHER,
            content: b"[[b/block-content]]".to_vec(),
            ..Attached::default()
        }],
    );
    assembly.inforef("course/blocks/html_71", &[("roleref", "role", vec![5]), ("fileref", "file", files)]);
    let files = assembly.attach(
        1272,
        vec![Attached {
            component: "block_beepoll",
            area: "answers",
            item: 5,
            name: "[[bu/poll-file]].txt",
            mime: "text/plain",
            user: 910_122,
            content: b"[[bu/poll-content]]".to_vec(),
            ..Attached::default()
        }],
    );
    assembly.inforef("course/blocks/beepoll_72", &[("fileref", "file", files)]);
    let files = assembly.attach(CONTEXT, course_files());
    // Files of some components stand on no list: a restore takes them by their component (mbz-format.md 5.2).
    assembly.attach(CONTEXT, unlisted_files());
    let scale = text("grade", "scale", 33, "[[d/scale-file]].txt", MAKER, "[[d/scale-content]]");
    assembly.attach(1, vec![scale]);
    for (id, area, name, content) in [
        (910_001, "icon", "[[un/icon-file]].png", "[[un/icon-content]]"),
        (910_001, "private", "[[un/private-file]].txt", "[[un/private-content]]"),
        (910_017, "profile", "[[aucn/profile-file]].txt", "[[aucn/profile-content]]"),
    ] {
        assembly.attach(id + 5_000_000, vec![text("user", area, 0, name, id, content)]);
    }
    let baked = text("badges", "userbadge", 95, "[[aun/badge-baked]].png", 910_104, "[[aun/badge-baked-content]]");
    assembly.attach(5_910_104, vec![baked]);
    assembly.inforef(
        "course",
        &[
            ("groupingref", "grouping", vec![15]),
            ("groupref", "group", vec![11, 12]),
            ("roleref", "role", vec![3, 5]),
            ("fileref", "file", files),
            ("scaleref", "scale", vec![33]),
            ("outcomeref", "outcome", vec![34]),
            ("question_categoryref", "question_category", vec![81, 82]),
        ],
    );
}

fn text(
    component: &'static str,
    area: &'static str,
    item: u32,
    name: &'static str,
    user: u32,
    content: &str,
) -> Attached {
    let content = content.as_bytes().to_vec();
    Attached { component, area, item, name, mime: "text/plain", user, content, ..Attached::default() }
}

fn course_files() -> Vec<Attached> {
    let overview = text("course", "overviewfiles", 0, "[[d/overview-file]].txt", TEACHER, "[[d/overview-content]]");
    let link = text("course", "legacy", 0, "[[d/alias-file]].txt", TEACHER, "");
    vec![
        Attached { author: "[[n/author-name]]", ..overview },
        text("course", "legacy", 0, "[[d/legacy-file]].txt", TEACHER, "[[d/legacy-content]]"),
        Attached { alias: Some(("dropbox", "[[d/alias-reference]]")), ..link },
        text("contentbank", "public", 91, "[[d/bank-file]].h5p", MAKER, "[[d/bank-content]]"),
        text("calendar", "event_description", 101, "[[d/calendar-file]].txt", PLANNER, "[[d/calendar-content]]"),
        text("format_grid", "sectionimage", 52, "[[d/format-file]].txt", TEACHER, "[[d/format-content]]"),
        text("local_diary", "notes", 9, "[[u/local-file]].txt", 910_130, "[[u/local-content]]"),
    ]
}

fn unlisted_files() -> Vec<Attached> {
    vec![
        text("group", "icon", 11, "[[d/group-file]].txt", TEACHER, "[[d/group-content]]"),
        text("grouping", "description", 15, "[[d/grouping-file]].txt", TEACHER, "[[d/grouping-content]]"),
        text("badges", "badgeimage", 95, "[[a/badge-file]].png", MAKER, "[[a/badge-content]]"),
        text("question", "questiontext", 421, "[[d/question-file]].txt", ASKER, "[[d/question-content]]"),
        text("qtype_ddimageortext", "bgimage", 421, "[[d/qtype-file]].txt", ASKER, "[[d/qtype-content]]"),
        text("grade", "feedback", 7001, "[[au/feedback-file]].txt", TEACHER, "[[au/feedback-content]]"),
        text("grade", "historyfeedback", 6901, "[[auh/past-file]].txt", TEACHER, "[[auh/past-content]]"),
    ]
}

fn logs() -> String {
    let mut text = String::from(
        "logstores\n  logstore\n    subplugin_logstore_database_logstore\n      logstore_database_log id=9201\n        . userid=910001 other=[[ul/foreign-log]]\n    subplugin_logstore_standard_logstore\n",
    );
    let facts = forms::LogFacts {
        event: "\\core\\event\\course_viewed",
        component: "core",
        deed: ("viewed", "course"),
        object: None,
        crud: 'r',
        context: CONTEXT,
        user: ENROLLED[0],
    };
    // The details are a serialised array in base64: a mark is in them.
    text +=
        &indented(&forms::log(9100, &facts, START + 3600), 3).replace("other=Tjs=", &format!("other={LOG_DETAILS}"));
    text += &indented(&forms::log(9101, &forms::LogFacts { user: ENROLLED[1], ..facts }, START + 7200), 3);
    text
}

/// `a:1:{s:4:"name";s:18:"[[ul/log-details]]";}` in base64.
const LOG_DETAILS: &str = "YToxOntzOjQ6Im5hbWUiO3M6MTg6IltbdWwvbG9nLWRldGFpbHNdXSI7fQ==";

const SECTION_PLUGIN: &str = "  plugin_format_grid_section
    setting: [[d/section-plugin]]
    views
      view id=9301
        . userid=910124
        note: [[u/section-plugin-view]]
";

const ENROLMENT_PLUGIN: &str = "  plugin_enrol_manual_enrol
    requests
      request id=9311
        . userid=910126
        reason: [[u/enrolment-request]]
";

/// Documents whose text depends on nothing.
const FIXED: &[(&str, &str)] = &[
    ("scales.xml", "scales_definition
  scale id=33
    . courseid=22 userid=810004
    name: [[d/scale]]
    scale: bad,good
    . description= descriptionformat=1 timemodified=§1"),
    ("outcomes.xml", "outcomes_definition
  outcome id=34
    . courseid=22 userid=810004 shortname=o
    fullname: [[d/outcome]]
    . scaleid=33 description= descriptionformat=1 timecreated=§1 timemodified=§1 usermodified=810004"),
    ("groups.xml", "groups
  group id=11
    name: [[d/group]]
    . idnumber= description= descriptionformat=1 enrolmentkey= picture=0 visibility=0 participation=1 timecreated=§1 timemodified=§1
    group_members
      group_member id=16
        . userid=910001 timeadded=§2
        component: [[u/member]]
        itemid: 0
      group_member id=17
        . userid=910002 timeadded=§2 component= itemid=0
  group id=12
    name: [[d/group-two]]
    . idnumber= description= descriptionformat=1 enrolmentkey= picture=0 visibility=3 participation=0 timecreated=§1 timemodified=§1
    group_members
  groupcustomfields
    groupcustomfield id=21
      . shortname=colour type=text
      value: [[d/group-field]]
      . valueformat=0 groupid=11
  groupings
    grouping id=15
      name: [[d/grouping]]
      . idnumber= description= descriptionformat=1 configdata=~ timecreated=§1 timemodified=§1
      grouping_groups
        grouping_group id=19
          . groupid=11 timeadded=§1
    groupingcustomfields
      groupingcustomfield id=22
        . shortname=shade type=text
        value: [[d/grouping-field]]
        . valueformat=0 groupingid=15"),
    ("gradebook.xml", "gradebook
  attributes
  grade_categories
    grade_category id=61
      . parent=~ depth=1 path=/61/ fullname=? aggregation=13 keephigh=0 droplow=0 aggregateonlygraded=1 aggregateoutcomes=0 timecreated=§0 timemodified=§0 hidden=0
  grade_items
    grade_item id=70
      . categoryid=61
      itemname: [[a/manual-item]]
      . itemtype=manual itemmodule=~ iteminstance=~ itemnumber=~ iteminfo=~ idnumber=~ calculation=~ gradetype=2 grademax=2.00000 grademin=1.00000 scaleid=33 outcomeid=34 gradepass=0.00000 multfactor=1.00000 plusfactor=0.00000 aggregationcoef=0.00000 aggregationcoef2=0.00000 weightoverride=0 sortorder=2 display=0 decimals=~ hidden=0 locked=0 locktime=0 needsupdate=0 timecreated=§0 timemodified=§0
      grade_grades
        grade_grade id=7001
          . userid=910100 rawgrade=~ rawgrademax=2.00000 rawgrademin=1.00000 rawscaleid=33 usermodified=810001 finalgrade=2.00000 hidden=0 locked=0 locktime=0 exported=0 overridden=§5 excluded=0
          feedback: [[au/grade-feedback]]
          . feedbackformat=1 information=~ informationformat=0 timecreated=§5 timemodified=§5 aggregationstatus=used aggregationweight=1.00000
  grade_letters
  grade_settings"),
    ("grade_history.xml", "grade_history
  grade_grades
    grade_grade id=6901
      . action=2 oldid=7001 source=import loggeduser=810001 itemid=70 userid=910101 rawgrade=~ rawgrademax=2.00000 rawgrademin=1.00000 rawscaleid=33 usermodified=810001 finalgrade=1.00000 hidden=0 locked=0 locktime=0 exported=0 overridden=0 excluded=0
      feedback: [[auh/past-feedback]]
      . feedbackformat=1 information=~ informationformat=0 timemodified=§4"),
    ("completion.xml", "course_completion
  course_completion_criteria id=25
    . course=22 criteriatype=4 module=page moduleinstance=419 courseinstanceshortname=[[a/criterion]] enrolperiod=~ timeend=~ gradepass=~ role=~ roleshortname=~
    course_completion_crit_completions
      course_completion_crit_compl id=27
        . criteriaid=25 userid=910102 gradefinal=~ unenrolled=~ timecompleted=§50
  course_completions id=28
    . userid=910103 course=22 timeenrolled=§0 timestarted=§49 timecompleted=~ reaggregate=0
  course_completion_aggr_methd id=26
    . course=22 criteriatype=~ method=1 value=~
  course_completion_excuses
    course_completion_excuse id=29
      . userid=910110
      reason: [[au/excuse]]"),
    ("badges.xml", "badges
  badge id=95
    name: [[a/badge]]
    description: [[a/badge-description]]
    . timecreated=§3 timemodified=§3 usercreated=810004 usermodified=810004 issuername=x issuerurl= issuercontact= expiredate=~ expireperiod=~ type=2 courseid=22 message= messagesubject= attachment=1 notification=0 status=1 nextcron=~ version= language=en imageauthorname=[[a/badge-artist]] imageauthoremail= imageauthorurl= imagecaption=
    criteria
      criterion id=96
        . badgeid=95 criteriatype=2 method=2
        description: [[a/criterion-text]]
        descriptionformat: 1
        parameters
          parameter id=98
            . critid=96 name=role_3 value=3 criteriatype=2
    endorsement id=93
      . badgeid=95
      issuername: [[a/endorser]]
      . issuerurl= issueremail= claimid= claimcomment= dateissued=§3
    alignments
      alignment id=94
        . badgeid=95
        targetname: [[a/alignment]]
        . targeturl= targetdescription= targetframework= targetcode=
    relatedbadges
      relatedbadge id=92
        . badgeid=95 relatedbadgeid=95
    manual_awards
      manual_award id=99
        . badgeid=95 recipientid=910104 issuerid=810001 issuerrole=3 datemet=§400
    tags
      tag id=91
        . name=[[a/badge-tag]] rawname=bees"),
    ("course/course.xml", "course id=22 contextid=220
  . shortname=RARE
  fullname: Rare things
  . idnumber=
  summary: [[d/summary]]
  . summaryformat=1 format=topics showgrades=1 newsitems=5 startdate=§0 enddate=§2880 marker=0 maxbytes=0 legacyfiles=2 showreports=0 visible=1 groupmode=0 groupmodeforce=0 defaultgroupingid=15 lang= theme= timecreated=§0 timemodified=§0 requested=0 showactivitydates=1 showcompletionconditions=1 pdfexportfont=~ enablecompletion=1 completionnotify=0
  category id=4
    name: Category
    description: ~
  tags
    tag id=23
      . name=[[d/course-tag]] rawname=x
  customfields
    customfield id=24
      . shortname=level type=text
      value: [[d/course-field]]
      . valueformat=0 valuetrust=0
  courseformatoptions
    courseformatoption
      . format=topics sectionid=0 name=hiddensections value=1
  plugin_local_recompletion_course
    recompletion
      config: [[d/plugin-config]]
      quizattempts
        attempt id=9321
          . userid=910123
          note: [[u/plugin-attempt]]"),
    ("course/calendar.xml", "events
  event id=101
    name: [[d/event]]
    . description= format=1 courseid=22 groupid=0 userid=810003 repeatid=0 modulename= instance=0 type=0 eventtype=course timestart=§500 timeduration=7200 timesort=§500 visible=1 uuid= sequence=1 timemodified=§3 priority=~
    location: Park"),
    ("course/comments.xml", "comments
  comment id=104
    . component=block_comments commentarea=page_comments itemid=0
    content: [[uc/course-comment]]
    . format=0 userid=910106 timecreated=§70"),
    ("course/competencies.xml", "course_competencies
  settings id=9401
    pushratingstouserplans: 1
  competencies
    competency id=9402
      . idnumber=[[d/competency]] ruleoutcome=1 sortorder=0 frameworkid=1 frameworkidnumber=f
  user_competencies
    user_competency id=9403
      . userid=910105 competencyid=9402 proficiency=1
      grade: [[u/competency-grade]]"),
    ("course/completiondefaults.xml", "course_completion_defaults
  course_completion_default id=9411
    . modulename=page completion=1 completionview=0 completionusegrade=0 completionpassgrade=0 completionexpected=0
    customrules: [[d/completion-default]]"),
    ("course/contentbank.xml", "contents
  content id=91
    name: [[d/bank-item]]
    . contenttype=contenttype_h5p instanceid=0 configdata= usercreated=810004 usermodified=810004 timecreated=§1 timemodified=§1"),
    ("course/filters.xml", "filters
  filter_actives
    filter_active
      . filter=[[f/filter]] active=1
  filter_configs"),
    // The log of Moodle before 2.7.
    ("course/logs.xml", "logs
  log id=9501
    . time=§60 userid=910001 ip=198.51.100.7 module=course action=view
    url: view.php?id=22
    info: [[ul/old-log]]
  log id=9502
    . time=§61 userid=0 ip= module=course action=view url= info="),
    ("course/loglastaccess.xml", "lastaccesses
  lastaccess id=103
    . userid=910001 timeaccess=§74"),
    ("course/blocks/html_71/block.xml", "block id=71 contextid=1271 version=2024100700
  . blockname=html parentcontextid=220 showinsubcontexts=0 pagetypepattern=course-view-* subpagepattern=~ defaultregion=side-pre defaultweight=0
  configdata: Tzo4OiJzdGRDbGFzcyI6MTp7czo0OiJ0ZXh0IjtzOjE1OiJbW2IvaHRtbC10ZXh0XV0iO30=
  . timecreated=§1 timemodified=§1
  block_positions"),
    ("course/blocks/html_71/roles.xml", "roles
  role_overrides
  role_assignments
    assignment id=9601
      . roleid=5 userid=910109 timemodified=§1 modifierid=810001
      component: [[bur/block-assignment]]
      . itemid=0 sortorder=0"),
    ("course/blocks/html_71/comments.xml", "comments
  comment id=9602
    . component=block_html commentarea=x itemid=0
    content: [[buc/block-comment]]
    . format=0 userid=910107 timecreated=§70"),
    // Documents that nobody knows.
    ("diary.xml", "diary
  title: [[d/diary]]
  days
    day id=9801
      . userid=910130
      text: [[u/diary-day]]"),
    ("course/diary.xml", "diary
  title: [[d/course-diary]]
  days
    day id=9802
      text: [[d/course-diary-day]]"),
    // A block that nobody knows, with a document of its own.
    ("course/blocks/beepoll_72/block.xml", "block id=72 contextid=1272 version=2024100700
  . blockname=beepoll parentcontextid=220 showinsubcontexts=0 pagetypepattern=course-view-* subpagepattern=~ defaultregion=side-pre defaultweight=1 configdata= timecreated=§1 timemodified=§1
  block_positions"),
    ("course/blocks/beepoll_72/roles.xml", "roles\n  role_overrides\n  role_assignments"),
    ("course/blocks/beepoll_72/comments.xml", "comments"),
    ("course/blocks/beepoll_72/beepoll.xml", "block id=72 contextid=1272 blockname=beepoll
  beepoll id=5
    question: [[b/poll-question]]
    options
      option id=1
        text: [[b/poll-option]]
    answers
      answer id=2
        . userid=910122
        text: [[bu/poll-answer]]"),
];
