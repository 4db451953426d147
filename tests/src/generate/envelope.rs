//! The generated course's documents around its activities: course level, people, log, files, master file.

use super::{
    CATEGORY, CONTEXT, COURSE, Course, FIRST_FILE, FIRST_MODULE, FIRST_NAMES, FIRST_PERSON, LAST_NAMES, NAME,
    PER_SECTION, Random, close, open, rows, whole,
};
use crate::forms::{self, CourseFacts, FileRow, LogFacts, Person};
use crate::outline::fragment;
use crate::pack::Members;
use crate::sample::{MADE, START};
use std::io::{self, Write};

impl Course {
    pub(super) fn course(&self, m: &mut dyn Members) -> io::Result<()> {
        m.directory("course")?;
        let t = START;
        for (path, outline) in [
            ("calendar.xml", "events"),
            ("comments.xml", "comments"),
            ("competencies.xml", "course_competencies\n  competencies\n  user_competencies"),
            ("completiondefaults.xml", "course_completion_defaults"),
            ("contentbank.xml", "contents"),
            ("filters.xml", "filters\n  filter_actives\n  filter_configs"),
            ("loglastaccess.xml", "lastaccesses"),
            ("logs.xml", "logs"),
        ] {
            whole(m, &format!("course/{path}"), outline)?;
        }
        whole(
            m,
            "course/course.xml",
            &format!(
                "course id={COURSE} contextid={CONTEXT}\n  . shortname=generated\n  fullname: Generated course – ü\n  . idnumber= summary= summaryformat=1 format=topics showgrades=1 newsitems=0 startdate={t} enddate=0 marker=0 maxbytes=0 legacyfiles=0 showreports=0 visible=1 groupmode=0 groupmodeforce=0 defaultgroupingid=0 lang= theme= timecreated={t} timemodified={t} requested=0 showactivitydates=0 showcompletionconditions=1 pdfexportfont=~ enablecompletion=1 completionnotify=0\n  category id=1\n    name: Generated\n    description: ~\n  tags\n  customfields\n  courseformatoptions\n"
            ),
        )?;
        m.file("course/enrolments.xml", &mut |w| {
            open(w, "enrolments")?;
            writeln!(w, "  <enrols>")?;
            let instance = fragment(&forms::enrol(1, "manual", 0, 5, START, ""), 2);
            // The people go before the two end tags of an instance written empty.
            let end = instance.rfind("      </user_enrolments>").unwrap_or(instance.len());
            w.write_all(&instance.as_bytes()[..end])?;
            for p in 0..self.size.people {
                rows(w, 4, &forms::enrolment(p + 1, FIRST_PERSON + p, FIRST_PERSON, START))?;
            }
            w.write_all(&instance.as_bytes()[end..])?;
            writeln!(w, "  </enrols>")?;
            close(w, "enrolments")
        })?;
        m.file("course/inforef.xml", &mut |w| {
            open(w, "inforef")?;
            if self.size.people > 0 {
                writeln!(w, "  <userref>")?;
                for p in 0..self.size.people {
                    rows(w, 2, &format!("user\n  id: {}\n", FIRST_PERSON + p))?;
                }
                writeln!(w, "  </userref>")?;
            }
            rows(w, 1, "roleref\n  role\n    id: 3\n  role\n    id: 5\n")?;
            if self.size.files > 0 && self.folders() == 0 {
                self.file_refs(w, 0)?;
            }
            close(w, "inforef")
        })?;
        m.file("course/logstores.xml", &mut |w| self.logs(w))?;
        m.file("course/roles.xml", &mut |w| {
            open(w, "roles")?;
            writeln!(w, "  <role_overrides>\n  </role_overrides>\n  <role_assignments>")?;
            for p in 0..self.size.people {
                let role = if p == 0 { 3 } else { 5 };
                rows(w, 2, &forms::role_assignment(p + 1, role, FIRST_PERSON + p, FIRST_PERSON, START))?;
            }
            writeln!(w, "  </role_assignments>")?;
            close(w, "roles")
        })
    }

    fn logs(&self, w: &mut dyn Write) -> io::Result<()> {
        open(w, "logstores")?;
        writeln!(
            w,
            "  <logstore>\n    <subplugin_logstore_database_logstore>\n    </subplugin_logstore_database_logstore>\n    <subplugin_logstore_standard_logstore>"
        )?;
        let mut random = Random(self.seed);
        let mut time = START;
        for row in 0..self.size.log_rows {
            time += u64::from(random.below(120));
            let user = if self.size.people == 0 { 0 } else { self.person(random.below(self.size.people)) };
            let activity = random.below(self.size.activities + 1);
            let facts = if activity == self.size.activities {
                LogFacts {
                    event: "\\core\\event\\course_viewed",
                    component: "core",
                    deed: ("viewed", "course"),
                    object: None,
                    crud: 'r',
                    context: CONTEXT,
                    user,
                }
            } else {
                let module = self.kind(activity);
                let (event, component) =
                    (format!("\\mod_{module}\\event\\course_module_viewed"), format!("mod_{module}"));
                let facts = LogFacts {
                    event: &event,
                    component: &component,
                    deed: ("viewed", "course_module"),
                    object: Some((module, activity + 1)),
                    crud: 'r',
                    context: Self::context(activity),
                    user,
                };
                rows(w, 3, &forms::log(row + 1, &facts, time))?;
                continue;
            };
            rows(w, 3, &forms::log(row + 1, &facts, time))?;
        }
        writeln!(w, "    </subplugin_logstore_standard_logstore>\n  </logstore>")?;
        close(w, "logstores")
    }

    pub(super) fn root(&self, m: &mut dyn Members) -> io::Result<()> {
        for (path, outline) in [
            ("badges.xml", "badges"),
            ("completion.xml", "course_completion"),
            ("grade_history.xml", "grade_history\n  grade_grades"),
            ("groups.xml", "groups\n  groupcustomfields\n  groupings\n    groupingcustomfields"),
            ("outcomes.xml", "outcomes_definition"),
            ("questions.xml", "question_categories"),
            ("scales.xml", "scales_definition"),
        ] {
            whole(m, path, outline)?;
        }
        let gradebook = format!(
            "gradebook\n  attributes\n  grade_categories\n    grade_category id={CATEGORY}\n      . parent=~ depth=1 path=/{CATEGORY}/ fullname=? aggregation=13 keephigh=0 droplow=0 aggregateonlygraded=1 aggregateoutcomes=0 timecreated={START} timemodified={START} hidden=0\n  grade_items\n{}  grade_letters\n  grade_settings\n",
            crate::outline::indented(&forms::grade_item(1, "~", ("course", None), CATEGORY, 100, 1, START), 2)
        );
        whole(m, "gradebook.xml", &gradebook)?;
        whole(
            m,
            "roles.xml",
            &format!(
                "roles_definition\n{}",
                crate::outline::indented(&(forms::role(3, "editingteacher") + &forms::role(5, "student")), 1)
            ),
        )?;
        m.file("users.xml", &mut |w| {
            open(w, "users")?;
            for p in 0..self.size.people {
                let (id, name) = (FIRST_PERSON + p, format!("person{p}"));
                let (first, last) =
                    (FIRST_NAMES[p as usize % FIRST_NAMES.len()], LAST_NAMES[p as usize % LAST_NAMES.len()]);
                let context = Self::context(self.size.activities + p);
                let person = Person {
                    id,
                    context,
                    username: &name,
                    first,
                    last,
                    email: &format!("{name}@example.org"),
                    city: "Malmö",
                    country: "SE",
                    since: START,
                };
                rows(w, 1, &forms::user(&person))?;
            }
            close(w, "users")
        })?;
        m.file("files.xml", &mut |w| self.file_rows(w))?;
        m.sized_file("moodle_backup.log", 0, &mut |_| Ok(()))?;
        m.file("moodle_backup.xml", &mut |w| self.master(w))
    }

    fn file_rows(&self, w: &mut dyn Write) -> io::Result<()> {
        open(w, "files")?;
        if self.size.files > 0 {
            for folder in 0..self.folders().max(1) {
                let (context, component, area) = if self.folders() == 0 {
                    (CONTEXT, "course", "overviewfiles")
                } else {
                    (Self::context(folder * 10), "mod_folder", "content")
                };
                let row = |id: u32, hash: String, size: u64, name: String, mime: Option<&str>| FileRow {
                    id,
                    hash,
                    size,
                    context,
                    component: component.to_owned(),
                    area: area.to_owned(),
                    item: 0,
                    name,
                    mime: mime.map(str::to_owned),
                    user: (self.size.people > 0).then_some(FIRST_PERSON),
                    time: START,
                    author: None,
                    alias: None,
                };
                for f in self.files_of(folder) {
                    let hash = hex::encode(self.hashes[f as usize]);
                    let name = format!("file {f} – ä.bin");
                    rows(
                        w,
                        1,
                        &forms::file(&row(
                            FIRST_FILE + f,
                            hash,
                            self.size.file_bytes,
                            name,
                            Some("application/octet-stream"),
                        )),
                    )?;
                }
                let id = FIRST_FILE + self.size.files + folder;
                rows(w, 1, &forms::file(&row(id, forms::EMPTY_HASH.to_owned(), 0, ".".to_owned(), None)))?;
            }
        }
        close(w, "files")
    }

    fn master(&self, w: &mut dyn Write) -> io::Result<()> {
        let facts = CourseFacts {
            archive: NAME,
            id: COURSE,
            context: CONTEXT,
            fullname: "Generated course – ü",
            shortname: "generated",
            start: START,
            end: 0,
            made: MADE,
            backup_id: "0123456789abcdef0123456789abcdef",
        };
        open(w, "moodle_backup")?;
        writeln!(w, "  <information>")?;
        rows(w, 2, &forms::information(&facts))?;
        writeln!(w, "    <contents>")?;
        // With no activities Moodle leaves the group out; an empty one is fatal there.
        if self.size.activities > 0 {
            writeln!(w, "      <activities>")?;
            for a in 0..self.size.activities {
                let module = self.kind(a);
                let section = a / PER_SECTION + 2;
                rows(
                    w,
                    4,
                    &forms::contents_activity(module, FIRST_MODULE + a, section, &Self::title(module, a), false),
                )?;
            }
            writeln!(w, "      </activities>")?;
        }
        writeln!(w, "      <sections>")?;
        for s in 0..self.sections() {
            let title = if s == 0 { "0".to_owned() } else { format!("Week {s}") };
            rows(w, 4, &forms::contents_section(s + 1, &title, None))?;
        }
        writeln!(w, "      </sections>")?;
        rows(w, 3, &format!("course\n  . courseid={COURSE} title=generated directory=course\n"))?;
        writeln!(w, "    </contents>\n    <settings>")?;
        rows(w, 3, &forms::root_setting("filename", NAME))?;
        for name in forms::ROOT_SETTINGS {
            let value = if matches!(*name, "imscc11" | "anonymize") { "0" } else { "1" };
            rows(w, 3, &forms::root_setting(name, value))?;
        }
        for s in 0..self.sections() {
            rows(w, 3, &forms::part_settings("section", &format!("section_{}", s + 1)))?;
            for a in self.in_section(s) {
                rows(w, 3, &forms::part_settings("activity", &format!("{}_{}", self.kind(a), FIRST_MODULE + a)))?;
            }
        }
        writeln!(w, "    </settings>\n  </information>")?;
        close(w, "moodle_backup")
    }
}
