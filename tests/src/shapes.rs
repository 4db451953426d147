//! Archives in the shapes of other releases than 4.5, small and made by code: what differs there is which documents there are,
//! where questions stand, how a quiz names them, and which fields and settings exist (mbz-format.md 10).

use crate::forms;
use crate::outline;
use crate::pack;
use crate::sample::{MADE, START, times};
use sha1::{Digest, Sha1};
use std::collections::BTreeMap;
use std::io::{self, Write};

/// An archive of some release.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// A name for it.
    pub name: &'static str,
    /// `moodle_version`, `moodle_release`, `backup_version`, `backup_release`.
    pub release: [&'static str; 4],
    /// Fields of the master file that not every release has, in the outlines' notation.
    information: &'static str,
    /// Whether the contents of files are in it; a release that does not say so has them.
    pub files: bool,
    /// How it was run: 10 general, 40 for the same site.
    mode: u32,
    /// Settings of the root, but the file name.
    settings: &'static [&'static str],
    /// Fields at the end of `contents > activity` and `contents > section`.
    in_subsection: bool,
    course: &'static str,
    module: &'static str,
    quiz: &'static str,
    questions: &'static str,
    /// Module, course module id and content of an activity beside the quiz.
    other: (&'static str, u32, &'static str),
    /// Documents of every activity, and of the course.
    empty: &'static [(&'static str, &'static str)],
    documents: &'static [(&'static str, &'static str)],
}

/// The course's id at its origin, and its context.
const COURSE: u32 = 31;
const CONTEXT: u32 = 310;
const SITE: &str = "3f1c6e0a9b7d4c52a8e1f0b6d5c4938e";

/// Every shape.
pub const SHAPES: &[Shape] = &[TWO, THREE, FIVE];

/// A course of Moodle 2.4: a quiz lists its questions, the old log and the old assignment, and the master file has few fields.
pub const TWO: Shape = Shape {
    name: "2.4",
    release: ["2012120300", "2.4 (Build: 20121203)", "2012120300", "2.4"],
    information: "",
    files: true,
    mode: 10,
    settings: &[
        "imscc11", "users", "anonymize", "role_assignments", "activities", "blocks", "filters", "comments",
        "calendarevents", "userscompletion", "logs", "grade_histories",
    ],
    in_subsection: false,
    course: ". groupmode=0 groupmodeforce=0 defaultgroupingid=0 lang= theme= timecreated=§0 timemodified=§0 requested=0 enablecompletion=0 completionstartonenrol=0 completionnotify=0",
    module: ". modulename=MODULE sectionid=61 sectionnumber=0 idnumber= added=§0 score=0 indent=0 visible=1 visibleold=1 groupmode=0 groupingid=0 groupmembersonly=0 completion=0 completiongradeitemnumber=~ completionview=0 completionexpected=0 availablefrom=0 availableuntil=0 showavailability=0 showdescription=0
availability_info",
    quiz: "questions: 901,902,0
. sumgrades=2.00000 grade=10.00000
question_instances
  question_instance id=801
    . question=901 grade=1.0000000
  question_instance id=802
    . question=902 grade=1.0000000
feedbacks
overrides
grades
attempts
  attempt id=803
    . uniqueid=803 userid=103 attemptnum=1 sumgrades=1.00000 timestart=§5 timefinish=§6 timemodified=§6 layout=901,902,0 preview=0
    question_usage id=803
      . component=mod_quiz preferredbehaviour=deferredfeedback
      question_attempts",
    questions: OLD_QUESTIONS,
    other: ("assignment", 502, ". assignmenttype=online resubmit=0 preventlate=0 emailteachers=0 var1=0 var2=0 var3=0 var4=0 var5=0 maxbytes=0 timedue=0 timeavailable=0 grade=100 timemodified=§1
submissions
  submission id=811
    . userid=103 timecreated=§3 timemodified=§3 numfiles=0
    data1: <p>My work</p>
    . data2= grade=-1 submissioncomment= format=0 teacher=0 timemarked=0 mailed=0"),
    empty: OLD_EMPTY,
    documents: OLD_DOCUMENTS,
};

/// A course of Moodle 3.5, duplicated on its site: files are left out, random questions are slots with a category.
pub const THREE: Shape = Shape {
    name: "3.5",
    release: ["2018051702.05", "3.5.2+ (Build: 20180914)", "2018051400", "3.5"],
    information: "include_files: 0
include_file_references_to_external_content: 1
",
    files: false,
    mode: 40,
    settings: &[
        "imscc11", "users", "anonymize", "role_assignments", "activities", "blocks", "filters", "comments", "badges",
        "calendarevents", "userscompletion", "logs", "grade_histories", "questionbank", "groups", "competencies",
    ],
    in_subsection: false,
    course: ". groupmode=0 groupmodeforce=0 defaultgroupingid=0 lang= theme= timecreated=§0 timemodified=§0 requested=0 enablecompletion=1 completionnotify=0",
    module: ". modulename=MODULE sectionid=61 sectionnumber=0 idnumber= added=§0 score=0 indent=0 visible=1 visibleoncoursepage=1 visibleold=1 groupmode=0 groupingid=0 completion=0 completiongradeitemnumber=~ completionview=0 completionexpected=0 availability=~ showdescription=0
tags",
    quiz: ". sumgrades=2.00000 grade=10.00000
question_instances
  question_instance id=801
    . slot=1 page=1 requireprevious=0 questionid=901 questioncategoryid=~ includingsubcategories=~ maxmark=1.0000000
    tags
  question_instance id=802
    . slot=2 page=1 requireprevious=0 questionid=902 questioncategoryid=92 includingsubcategories=0 maxmark=1.0000000
    tags
sections
  section id=804
    . firstslot=1 heading= shufflequestions=0
feedbacks
overrides
grades
attempts
  attempt id=803
    . attemptnum=1 userid=103 uniqueid=803 layout=1,2,0 currentpage=0 preview=0 state=finished timestart=§5 timefinish=§6 timemodified=§6 timemodifiedoffline=0 timecheckstate=~ sumgrades=1.00000
    question_usage id=803
      . component=mod_quiz preferredbehaviour=deferredfeedback
      question_attempts",
    questions: OLD_QUESTIONS,
    other: ("page", 502, ". introformat=1
content: <p>A page</p>
. contentformat=1 legacyfiles=0 legacyfileslast=~ display=5 displayoptions= revision=1 timemodified=§1"),
    empty: OLD_EMPTY,
    documents: OLD_DOCUMENTS,
};

/// A course of Moodle 5.0: question banks are activities, and there are fields for AI.
pub const FIVE: Shape = Shape {
    name: "5.0",
    release: ["2025041400", "5.0 (Build: 20250414)", "2025041400", "5.0"],
    information: "include_files: 1
include_file_references_to_external_content: 0
",
    files: true,
    mode: 10,
    settings: &[
        "imscc11", "users", "anonymize", "role_assignments", "activities", "blocks", "files", "filters", "comments",
        "badges", "calendarevents", "userscompletion", "logs", "grade_histories", "groups", "competencies",
        "customfield", "contentbankcontent", "xapistate", "legacyfiles",
    ],
    in_subsection: true,
    course: ". groupmode=0 groupmodeforce=0 defaultgroupingid=0 lang= theme= timecreated=§0 timemodified=§0 requested=0 showactivitydates=1 showcompletionconditions=1 pdfexportfont=~ enablecompletion=1 completionnotify=0 enableaitools=1 enabledaiactions={\"generate_text\":1}
customfields
  customfield id=24
    . shortname=level type=textarea
    value: <p>Hard</p>
    . valueformat=1 valuetrust=1",
    module: ". modulename=MODULE sectionid=61 sectionnumber=0 idnumber= added=§0 score=0 indent=0 visible=1 visibleoncoursepage=1 visibleold=1 groupmode=0 groupingid=0 completion=0 completiongradeitemnumber=~ completionpassgrade=0 completionview=0 completionexpected=0 availability=~ showdescription=0 downloadcontent=1 lang=~ enableaitools=~ enabledaiactions=~
tags",
    quiz: ". sumgrades=1.00000 grade=10.00000
quiz_grade_items
question_instances
  question_instance id=801
    . quizid=701 slot=1 page=1 displaynumber=~ requireprevious=0 maxmark=1.0000000 quizgradeitemid=~
    question_reference id=801
      . usingcontextid=1501 component=mod_quiz questionarea=slot questionbankentryid=851 version=~
sections
feedbacks
overrides
grades
attempts",
    questions: "question_categories
  question_category id=91
    . name=top contextid=1502 contextlevel=70 contextinstanceid=502 info= infoformat=0 stamp=s+1 parent=0 sortorder=0 idnumber=~
    question_bank_entries
  question_category id=92
    . name=Shared contextid=1502 contextlevel=70 contextinstanceid=502 info= infoformat=1 stamp=s+2 parent=91 sortorder=999 idnumber=~
    question_bank_entries
      question_bank_entry id=851
        . questioncategoryid=92 idnumber=~ ownerid=101
        question_version
          question_versions id=861
            . version=1 status=ready
            questions
              question id=901
                . parent=0 name=One questiontext=One? questiontextformat=1 generalfeedback= generalfeedbackformat=1 defaultmark=1.0000000 penalty=0.3333333 qtype=essay length=1 stamp=s+3 timecreated=§2 timemodified=§2 createdby=101 modifiedby=101
                plugin_qtype_essay_question
                question_hints
                tags",
    other: ("qbank", 502, ". introformat=1 type=standard timecreated=§1 timemodified=§1"),
    empty: forms::EMPTY_PARTS,
    documents: &[
        ("course/filters.xml", "filters\n  filter_actives\n  filter_configs"),
        ("course/comments.xml", "comments"),
        ("course/calendar.xml", "events"),
        ("course/contentbank.xml", "contents"),
    ],
};

/// Questions directly in their category, as before 4.0.
const OLD_QUESTIONS: &str = "question_categories
  question_category id=91
    . name=top contextid=310 contextlevel=50 contextinstanceid=31 info= infoformat=0 stamp=s+1 parent=0 sortorder=0
    questions
  question_category id=92
    . name=Old contextid=310 contextlevel=50 contextinstanceid=31 info= infoformat=1 stamp=s+2 parent=91 sortorder=999
    questions
      question id=901
        . parent=0 name=One questiontext=One? questiontextformat=1 generalfeedback= generalfeedbackformat=1 defaultmark=1.0000000 penalty=0.3333333 qtype=truefalse length=1 stamp=s+3 version=v hidden=0 timecreated=§2 timemodified=§2 createdby=101 modifiedby=101
        plugin_qtype_truefalse_question
          answers
            answer id=441
              . answertext=True answerformat=0 fraction=1.0000000 feedback= feedbackformat=1
          truefalse id=451
            . trueanswer=441 falseanswer=441
        question_hints
        tags
      question id=902
        . parent=0 name=Random questiontext=0 questiontextformat=0 generalfeedback= generalfeedbackformat=0 defaultmark=1.0000000 penalty=0.0000000 qtype=random length=1 stamp=s+4 version=v hidden=1 timecreated=§2 timemodified=§2 createdby=101 modifiedby=101
        question_hints
        tags";

/// There were no views of completion, no competencies and no states.
const OLD_EMPTY: &[(&str, &str)] = &[
    ("calendar.xml", "events"),
    ("comments.xml", "comments"),
    ("completion.xml", "completions"),
    ("filters.xml", "filters\n  filter_actives\n  filter_configs"),
    ("grade_history.xml", "grade_history\n  grade_grades"),
    ("grades.xml", "activity_gradebook\n  grade_items\n  grade_letters"),
    (
        "logs.xml",
        "logs
  log id=961
    . time=§7 userid=103 ip=192.0.2.1 module=quiz action=view url=view.php?id=501
    info: 701",
    ),
    ("roles.xml", "roles\n  role_overrides\n  role_assignments"),
];

const OLD_DOCUMENTS: &[(&str, &str)] = &[
    ("course/filters.xml", "filters\n  filter_actives\n  filter_configs"),
    ("course/comments.xml", "comments"),
    ("course/calendar.xml", "events"),
    (
        "course/logs.xml",
        "logs
  log id=951
    . time=§4 userid=103 ip=192.0.2.1 module=course action=view url=view.php?id=31
    info: 31
  log id=952
    . time=§5 userid=101 ip=192.0.2.1 module=course action=update url=edit.php?id=31 info=31",
    ),
];

impl Shape {
    /// Every file of the archive: path to bytes.
    pub fn tree(&self) -> BTreeMap<String, Vec<u8>> {
        let mut tree = BTreeMap::new();
        let mut add = |path: &str, text: &str| {
            tree.insert(path.to_owned(), outline::document(&times(text)).into_bytes());
        };
        let rows = |root: &str, rows: &str| format!("{root}\n{}", outline::indented(rows, 1));
        let [moodle, release, backup, short] = self.release;
        let (other, other_id, other_body) = self.other;
        let activities = [("quiz", 501, self.quiz), (other, other_id, other_body)];

        let mut master = format!(
            "name: old.mbz
moodle_version: {moodle}
moodle_release: {release}
backup_version: {backup}
backup_release: {short}
. backup_date={MADE} mnet_remoteusers=0
{}original_wwwroot: https://learn.example.org
. original_site_identifier_hash={SITE} original_course_id={COURSE}
",
            self.information
        );
        if self.mode == 10 && self.in_subsection {
            master += ". original_course_format=topics\n";
        }
        master += &format!(
            ". original_course_fullname=Old original_course_shortname=OLD original_course_startdate={START}\n"
        );
        if self.in_subsection {
            master += ". original_course_enddate=0\n";
        }
        master += &format!(
            ". original_course_contextid={CONTEXT} original_system_contextid=1
details
  detail backup_id=0d1d5c0e7f3a4296b0c9d8e7f6a50000
    . type=course format=moodle2 interactive=1 mode={} execution=1 executiontime=0
contents
  activities
",
            self.mode
        );
        let tail = |more: &str| if self.in_subsection { more.to_owned() } else { String::new() };
        for (module, id, _) in activities {
            let more = tail(" insubsection=");
            master += &format!(
                "    activity\n      . moduleid={id} sectionid=61 modulename={module} title={module} directory=activities/{module}_{id}{more}\n"
            );
        }
        master += &format!(
            "  sections\n    section\n      . sectionid=61 title=0 directory=sections/section_61{}\n  course\n    . courseid={COURSE} title=OLD directory=course\nsettings\n",
            tail(" parentcmid= modname=")
        );
        let mut settings = forms::root_setting("filename", "old.mbz");
        for name in self.settings {
            settings += &forms::root_setting(name, if matches!(*name, "imscc11" | "anonymize") { "0" } else { "1" });
        }
        if self.settings.contains(&"files") && !self.files {
            settings = settings.replace("name=files\n  value: 1", "name=files\n  value: 0");
        }
        settings += &forms::part_settings("section", "section_61");
        for (module, id, _) in activities {
            settings += &forms::part_settings("activity", &format!("{module}_{id}"));
        }
        master += &outline::indented(&settings, 1);
        add("moodle_backup.xml", &format!("moodle_backup\n  information\n{}", outline::indented(&master, 2)));

        add(
            "course/course.xml",
            &format!(
                "course id={COURSE} contextid={CONTEXT}\n  . shortname=OLD fullname=Old idnumber= summary= summaryformat=1 format=topics showgrades=1 newsitems=5 startdate={START} marker=0 maxbytes=0 legacyfiles=0 showreports=0 visible=1\n{}",
                outline::indented(self.course, 1)
            ),
        );
        add(
            "course/roles.xml",
            &rows(
                "roles",
                "role_overrides\nrole_assignments\n  assignment id=151\n    . roleid=5 userid=103 timemodified=§1 modifierid=101 component= itemid=0 sortorder=0",
            ),
        );
        let people = forms::enrolment(131, 103, 101, START);
        add(
            "course/enrolments.xml",
            &format!(
                "enrolments\n  enrols\n{}",
                outline::indented(&forms::enrol(31, "manual", 0, 5, START, &people), 2)
            ),
        );
        add(
            "course/inforef.xml",
            "inforef\n  userref\n    user\n      id: 101\n    user\n      id: 103\n  roleref\n    role\n      id: 5",
        );
        add(
            "sections/section_61/section.xml",
            "section id=61\n  . number=0 name=~ summary= summaryformat=1 sequence=501,502 visible=1 timemodified=§1",
        );
        add("sections/section_61/inforef.xml", "inforef");
        for (name, text) in [
            ("groups.xml", "groups\n  groupings"),
            ("scales.xml", "scales_definition"),
            ("outcomes.xml", "outcomes_definition"),
            ("completion.xml", "course_completion"),
            ("gradebook.xml", "gradebook\n  grade_categories\n  grade_items\n  grade_letters"),
            ("questions.xml", self.questions),
        ] {
            add(name, text);
        }
        for (path, text) in self.documents {
            add(path, text);
        }
        let people: String = [101, 103].iter().map(|&id| person(id)).collect();
        add("users.xml", &rows("users", &people));
        add("roles.xml", &rows("roles_definition", &forms::role(5, "student")));
        for (module, id, body) in activities {
            let directory = format!("activities/{module}_{id}");
            for (name, text) in self.empty {
                // The old log's rows have ids of their own.
                add(&format!("{directory}/{name}"), &text.replace("id=961", &format!("id=96{id}")));
            }
            let module_fields = outline::indented(&self.module.replace("MODULE", module), 1);
            add(&format!("{directory}/module.xml"), &format!("module id={id} version={moodle}\n{module_fields}"));
            let instance = id + 200;
            add(
                &format!("{directory}/{module}.xml"),
                &format!(
                    "activity id={instance} moduleid={id} modulename={module} contextid={}\n  {module} id={instance}\n    . name={module} intro=\n{}",
                    id + 1000,
                    outline::indented(body, 2)
                ),
            );
            let named = match module {
                "quiz" => {
                    "inforef\n  userref\n    user\n      id: 103\n  fileref\n    file\n      id: 601\n  question_categoryref\n    question_category\n      id: 91\n    question_category\n      id: 92"
                }
                "assignment" => "inforef\n  userref\n    user\n      id: 103",
                _ => "inforef",
            };
            let named = if module == "quiz" && !body.contains("userid=") {
                named.replace("  userref\n    user\n      id: 103\n", "")
            } else {
                named.to_owned()
            };
            add(&format!("{directory}/inforef.xml"), &named);
        }
        let content = format!("A picture of {}", self.name).into_bytes();
        let hash = hex::encode(Sha1::digest(&content));
        let row = forms::FileRow {
            id: 601,
            hash: hash.clone(),
            size: content.len() as u64,
            context: 1501,
            component: "mod_quiz".to_owned(),
            area: "intro".to_owned(),
            item: 0,
            name: "a.txt".to_owned(),
            mime: Some("text/plain".to_owned()),
            user: Some(101),
            time: START,
            author: None,
            alias: None,
        };
        add("files.xml", &rows("files", &forms::file(&row)));
        if self.files {
            tree.insert(format!("files/{}/{hash}", &hash[..2]), content);
        }
        tree.insert("moodle_backup.log".to_owned(), Vec::new());
        tree
    }

    /// Packs the course as its release did: before 2.9 as zip.
    ///
    /// # Errors
    /// Those of writing.
    pub fn pack(&self, mut out: impl Write) -> io::Result<()> {
        if self.name.starts_with('2') {
            let mut zip = io::Cursor::new(Vec::new());
            pack::tree_zip(&self.tree(), &mut zip).map_err(io::Error::other)?;
            return out.write_all(zip.get_ref());
        }
        pack::tree_tar_gz(&self.tree(), MADE, out)
    }
}

fn person(id: u32) -> String {
    forms::user(&forms::Person {
        id,
        context: id + 1000,
        username: &format!("old{id}"),
        first: "Old",
        last: "Person",
        email: &format!("old{id}@learn.example.org"),
        city: "",
        country: "",
        since: START,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::unpacked::Unpacked;
    use crate::validate::validate;
    use std::io::Cursor;

    #[test]
    fn a_quiz_must_name_questions_that_are_there() {
        let mut tree = THREE.tree();
        let quiz = tree.get_mut("activities/quiz_501/quiz.xml").unwrap();
        *quiz = String::from_utf8(quiz.clone()).unwrap().replace("<questionid>902<", "<questionid>999<").into_bytes();
        let mut packed = Vec::new();
        pack::tree_tar_gz(&tree, MADE, &mut packed).unwrap();
        let findings = validate(&Unpacked::read(Cursor::new(packed)).unwrap());
        assert_eq!(findings.len(), 1, "{findings:?}");
        assert_eq!(findings[0].rule, "inforef-question");
    }

    #[test]
    fn the_validator_finds_nothing() {
        for shape in SHAPES {
            let mut packed = Vec::new();
            shape.pack(&mut packed).unwrap();
            let findings = validate(&Unpacked::read(Cursor::new(packed)).unwrap());
            let findings: Vec<String> = findings.iter().map(ToString::to_string).collect();
            assert!(findings.is_empty(), "{}:\n{}", shape.name, findings.join("\n"));
        }
    }
}
