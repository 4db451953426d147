//! Makes courses of any size, for tests and measurements, as a stream.
//!
//! The same size and seed always give the same bytes. Memory does not grow with the course but for 24 bytes a file
//! (its hash decides the order in the pool, and `files.xml` must name it).

mod envelope;
mod prose;

use crate::forms::{self, ModuleFacts};
use crate::outline::{document, fragment};
use crate::pack::{self, Members};
use crate::sample::{MADE, START};
use sha1::{Digest, Sha1};
use std::io::{self, Write};

/// How large a course to make.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SampleSize {
    /// Activities; every tenth is a folder that holds files.
    pub activities: u32,
    /// People, of whom the first teaches.
    pub people: u32,
    /// Rows of the course log.
    pub log_rows: u32,
    /// Files, shared out over the folders.
    pub files: u32,
    /// Bytes of each file.
    pub file_bytes: u64,
    /// The part of each file, 0 to 1, that is text (HTML, which `gzip -6` makes three times smaller); the rest is noise, as media are.
    pub compressible_share: f64,
}

const COURSE: u32 = 2;
const CONTEXT: u32 = 2;
const CATEGORY: u32 = 1;
const PER_SECTION: u32 = 10;
const FIRST_PERSON: u32 = 10;
const FIRST_MODULE: u32 = 1000;
const FIRST_FILE: u32 = 1000;
/// People who handed in and were graded in each assignment, at most.
const GRADED: u32 = 10;
const NAME: &str = "backup-moodle2-course-2-generated-20250502-0900.mbz";

/// Writes a course as tar.gz.
///
/// # Errors
/// Those of writing, and `InvalidInput` when the numbers are too large for ids.
pub fn generate(size: &SampleSize, seed: u64, out: impl Write) -> io::Result<()> {
    let total = u64::from(size.activities) * 2 + u64::from(size.people) + u64::from(size.files);
    if total > 1 << 30 || size.log_rows > u32::MAX / 2 {
        let message = "more rows than ids have room for";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    }
    let mut course = Course { size: *size, seed, hashes: Vec::new(), pool: Vec::new() };
    course.hash_files()?;
    pack::tar_gz(out, MADE, &mut |members| course.emit(members))
}

struct Course {
    size: SampleSize,
    seed: u64,
    /// Hash of each file.
    hashes: Vec<[u8; 20]>,
    /// Files in order of hash, each content once.
    pool: Vec<u32>,
}

/// SplitMix64 (Vigna, public domain): small, and the same for ever, which library generators do not promise.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: u32) -> u32 {
        u32::try_from(self.next() % u64::from(n.max(1))).unwrap_or(0)
    }
}

const KINDS: &[&str] = &["page", "label", "url", "forum", "assign"];
const FIRST_NAMES: &[&str] = &["Åsa", "Noor", "José", "Zoë", "さくら", "Ada", "Łukasz", "Chidi"];
const LAST_NAMES: &[&str] = &["Lindqvist", "Ibáñez", "O'Neill", "田中", "Okafor", "Müller", "Novák"];

/// Ends a document that was begun with [`open`].
fn close(w: &mut dyn Write, root: &str) -> io::Result<()> {
    write!(w, "</{root}>")
}

/// Begins a document whose rows are then written one by one.
fn open(w: &mut dyn Write, root: &str) -> io::Result<()> {
    write!(w, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{root}>\n")
}

fn rows(w: &mut dyn Write, depth: usize, outline: &str) -> io::Result<()> {
    w.write_all(fragment(outline, depth).as_bytes())
}

fn whole(m: &mut dyn Members, path: &str, outline: &str) -> io::Result<()> {
    let text = document(outline);
    m.sized_file(path, text.len() as u64, &mut |w| w.write_all(text.as_bytes()))
}

impl Course {
    fn content(&self, file: u32, w: &mut dyn Write) -> io::Result<()> {
        let total = self.size.file_bytes;
        // A share of a size stays within it, so the cast loses nothing but the fraction.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
        let text = ((total as f64 * self.size.compressible_share.clamp(0.0, 1.0)) as u64).min(total);
        let mut random = Random(self.seed ^ (u64::from(file) << 32));
        // The file's number comes first, lest files of text alone be one content.
        let head = format!("{file}\n");
        let n = text.min(head.len() as u64);
        w.write_all(&head.as_bytes()[..usize::try_from(n).unwrap_or(0)])?;
        prose::write(text - n, &mut random, w)?;
        let mut block = Vec::with_capacity(8192);
        let mut left = total - text;
        while left > 0 {
            block.clear();
            while block.len() < 8192 {
                block.extend_from_slice(&random.next().to_le_bytes());
            }
            let n = left.min(block.len() as u64);
            w.write_all(&block[..usize::try_from(n).unwrap_or(0)])?;
            left -= n;
        }
        Ok(())
    }

    fn hash_files(&mut self) -> io::Result<()> {
        struct Hashing(Sha1);
        impl Write for Hashing {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                self.0.update(bytes);
                Ok(bytes.len())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        for file in 0..self.size.files {
            let mut hash = Hashing(Sha1::new());
            self.content(file, &mut hash)?;
            self.hashes.push(hash.0.finalize().into());
        }
        self.pool = (0..self.size.files).collect();
        self.pool.sort_by_key(|f| self.hashes[*f as usize]);
        self.pool.dedup_by_key(|f| self.hashes[*f as usize]);
        Ok(())
    }

    fn kind(&self, activity: u32) -> &'static str {
        if self.size.files > 0 && activity.is_multiple_of(10) {
            "folder"
        } else {
            KINDS[activity as usize % KINDS.len()]
        }
    }

    fn folders(&self) -> u32 {
        if self.size.files > 0 { self.size.activities.div_ceil(10) } else { 0 }
    }

    /// Files of a folder, or all of them for the course itself when there is no folder.
    fn files_of(&self, folder: u32) -> impl Iterator<Item = u32> {
        (folder..self.size.files).step_by(self.folders().max(1) as usize)
    }

    fn sections(&self) -> u32 {
        self.size.activities.div_ceil(PER_SECTION) + 1
    }

    fn in_section(&self, section: u32) -> std::ops::Range<u32> {
        let first = section.saturating_sub(1) * PER_SECTION;
        let end = if section == 0 { 0 } else { (first + PER_SECTION).min(self.size.activities) };
        first..end
    }

    fn context(activity: u32) -> u32 {
        10 + activity
    }

    fn person(&self, n: u32) -> u32 {
        FIRST_PERSON + n % self.size.people.max(1)
    }

    fn graded(&self) -> u32 {
        self.size.people.saturating_sub(1).min(GRADED)
    }

    fn emit(&self, m: &mut dyn Members) -> io::Result<()> {
        if self.size.activities > 0 {
            m.directory("activities")?;
        }
        for activity in 0..self.size.activities {
            self.activity(m, activity)?;
        }
        self.course(m)?;
        m.directory("sections")?;
        for section in 0..self.sections() {
            let directory = format!("sections/section_{}", section + 1);
            m.directory(&directory)?;
            let sequence: Vec<u32> = self.in_section(section).map(|a| FIRST_MODULE + a).collect();
            let name = if section == 0 { "~".to_owned() } else { format!("Week {section}") };
            let text = forms::section(section + 1, section, &name, "", &sequence, None, START);
            whole(m, &format!("{directory}/inforef.xml"), "inforef")?;
            whole(m, &format!("{directory}/section.xml"), &text)?;
        }
        self.pool(m)?;
        self.root(m)
    }

    fn pool(&self, m: &mut dyn Members) -> io::Result<()> {
        if !self.pool.is_empty() {
            m.directory("files")?;
        }
        let mut last = None;
        for file in &self.pool {
            let hash = hex::encode(self.hashes[*file as usize]);
            if last.as_deref() != Some(&hash[..2]) {
                m.directory(&format!("files/{}", &hash[..2]))?;
                last = Some(hash[..2].to_owned());
            }
            let path = format!("files/{}/{hash}", &hash[..2]);
            m.sized_file(&path, self.size.file_bytes, &mut |w| self.content(*file, w))?;
        }
        Ok(())
    }

    fn activity(&self, m: &mut dyn Members, n: u32) -> io::Result<()> {
        let (module, id, section) = (self.kind(n), FIRST_MODULE + n, n / PER_SECTION + 1);
        let directory = format!("activities/{module}_{id}");
        m.directory(&directory)?;
        for (name, outline) in forms::EMPTY_PARTS {
            if !(module == "assign" && matches!(*name, "grades.xml" | "grade_history.xml")) {
                whole(m, &format!("{directory}/{name}"), outline)?;
            }
        }
        let facts = ModuleFacts {
            id,
            module,
            section: section + 1,
            number: section,
            added: START,
            visible: true,
            completion: 0,
            availability: "~",
            group_mode: 0,
            grouping: 0,
        };
        whole(m, &format!("{directory}/module.xml"), &forms::module(&facts))?;
        let instance = n + 1;
        let head = if module == "forum" { "    type: general\n" } else { "" };
        let body = format!(
            "activity id={instance} moduleid={id} modulename={module} contextid={}\n  {module} id={instance}\n{head}    name: {}\n{}",
            Self::context(n),
            Self::title(module, n),
            crate::outline::indented(&self.body(module, n), 2)
        );
        whole(m, &format!("{directory}/{module}.xml"), &body)?;
        let grades = module == "assign";
        if grades {
            self.grades(m, &directory, n)?;
        }
        let people = match module {
            "forum" => self.size.people.min(3),
            "assign" if self.graded() > 0 => self.graded() + 1,
            _ => 0,
        };
        m.file(&format!("{directory}/inforef.xml"), &mut |w| {
            open(w, "inforef")?;
            if people > 0 {
                writeln!(w, "  <userref>")?;
                for p in 0..people {
                    rows(w, 2, &format!("user\n  id: {}\n", FIRST_PERSON + p))?;
                }
                writeln!(w, "  </userref>")?;
            }
            if module == "folder" {
                self.file_refs(w, n / 10)?;
            }
            if grades {
                rows(w, 1, &format!("grade_itemref\n  grade_item\n    id: {id}\n"))?;
            }
            close(w, "inforef")
        })
    }

    fn title(module: &str, n: u32) -> String {
        format!("{module} {}", n + 1)
    }

    fn file_refs(&self, w: &mut dyn Write, folder: u32) -> io::Result<()> {
        writeln!(w, "  <fileref>")?;
        for file in self.files_of(folder).map(|f| FIRST_FILE + f).chain([FIRST_FILE + self.size.files + folder]) {
            rows(w, 2, &format!("file\n  id: {file}\n"))?;
        }
        writeln!(w, "  </fileref>")
    }

    fn body(&self, module: &str, n: u32) -> String {
        let t = START;
        match module {
            "page" => format!(
                "intro:\nintroformat: 1\ncontent: <p>Page {n}: ä & ö.</p>\n. contentformat=1 legacyfiles=0 legacyfileslast=~ display=5 displayoptions=a:0:{{}} revision=1 timemodified={t}\n"
            ),
            "label" => format!("intro: <p>Label {n}</p>\n. introformat=1 timemodified={t}\n"),
            "url" => format!(
                "intro:\n. introformat=1 externalurl=https://example.org/{n}?a=1&b=2 display=0 displayoptions=a:0:{{}} parameters=a:0:{{}} timemodified={t}\n"
            ),
            "folder" => format!(
                "intro:\n. introformat=1 revision=1 timemodified={t} display=0 showexpanded=1 showdownloadfolder=1 forcedownload=1\n"
            ),
            "forum" => self.forum(n),
            _ => self.assignment(),
        }
    }

    fn forum(&self, n: u32) -> String {
        let t = START;
        let mut text = format!(
            "intro: <p>Talk.</p>\n. introformat=1 duedate=0 cutoffdate=0 assessed=0 assesstimestart=0 assesstimefinish=0 scale=0 maxbytes=0 maxattachments=1 forcesubscribe=0 trackingtype=1 rsstype=0 rssarticles=0 timemodified={t} warnafter=0 blockafter=0 blockperiod=0 completiondiscussions=0 completionreplies=0 completionposts=0 displaywordcount=0 lockdiscussionafter=0 grade_forum=0\ndiscussions\n"
        );
        let posts = self.size.people.min(3);
        if posts > 0 {
            let first = n * 3 + 1;
            text += &format!(
                "  discussion id={}\n    name: Hello {n}\n    . firstpost={first} userid={FIRST_PERSON} groupid=-1 assessed=0 timemodified={t} usermodified={FIRST_PERSON} timestart=0 timeend=0 pinned=0 timelocked=0\n    posts\n",
                n + 1
            );
            for p in 0..posts {
                let parent = if p == 0 { 0 } else { first };
                text += &format!(
                    "      post id={}\n        . parent={parent} userid={} created={t} modified={t} mailed=1\n        subject: Hello {n}\n        message: <p>Post {p} – ☃</p>\n        . messageformat=1 messagetrust=0 attachment= totalscore=0 mailnow=0 privatereplyto=0\n        ratings\n",
                    first + p,
                    FIRST_PERSON + p
                );
            }
            text += "    discussion_subs\n";
        }
        text + "subscriptions\ndigests\nreadposts\ntrackedprefs\npoststags\ngrades\n"
    }

    fn assignment(&self) -> String {
        let t = START;
        let mut text = format!(
            "intro: <p>Hand in.</p>\n. introformat=1 alwaysshowdescription=1 submissiondrafts=0 sendnotifications=0 sendlatenotifications=0 sendstudentnotifications=1 duedate={t} cutoffdate=0 gradingduedate=0 allowsubmissionsfromdate=0 grade=100 timemodified={t} completionsubmit=0 requiresubmissionstatement=0 teamsubmission=0 requireallteammemberssubmit=0 teamsubmissiongroupingid=0 blindmarking=0 hidegrader=0 revealidentities=0 attemptreopenmethod=untilpass maxattempts=1 markingworkflow=0 markingallocation=0 markinganonymous=0 preventsubmissionnotingroup=0 activity= activityformat=1 timelimit=0 submissionattachments=0\nuserflags\nsubmissions\n"
        );
        for p in 1..=self.graded() {
            text += &format!(
                "  submission id={p}\n    . userid={} timecreated={t} timemodified={t} timestarted=~ status=submitted groupid=0 attemptnumber=0 latest=1\n",
                FIRST_PERSON + p
            );
        }
        text + "grades\nplugin_configs\noverrides\n"
    }

    fn grades(&self, m: &mut dyn Members, directory: &str, n: u32) -> io::Result<()> {
        let item = FIRST_MODULE + n;
        let mut text = String::from("activity_gradebook\n  grade_items\n");
        let kind = ("mod", Some(("assign", n + 1)));
        text += &crate::outline::indented(
            &forms::grade_item(item, &Self::title("assign", n), kind, CATEGORY, 100, n + 2, START),
            2,
        );
        let mut past = String::from("grade_history\n  grade_grades\n");
        for p in 1..=self.graded() {
            let id = n * GRADED + p;
            let user = FIRST_PERSON + p;
            text += &crate::outline::indented(&forms::grade(id, user, FIRST_PERSON, "75.50000", 100, START), 4);
            past += &crate::outline::indented(
                &forms::past_grade(&forms::PastGrade {
                    id,
                    old: id,
                    item,
                    user,
                    grader: FIRST_PERSON,
                    grade: "75.50000",
                    max: 100,
                    time: START,
                }),
                2,
            );
        }
        text += "  grade_letters\n";
        whole(m, &format!("{directory}/grades.xml"), &text)?;
        whole(m, &format!("{directory}/grade_history.xml"), &past)
    }
}

#[cfg(test)]
mod tests;
