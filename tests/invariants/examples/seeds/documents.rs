//! The documents of the sample course, and small ones of every odd kind.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::Path;

use provost_moodle_archive::xml::{Event, Scanner, XmlError};

use crate::{Seed, sample};

/// Larger documents are left to the tests, in bytes.
const LARGEST: usize = 4000;

/// Paths with documents that reach what the sample does not.
const ODD: &[(&str, &str, &str)] = &[
    (
        "unknown",
        "activities/mine_2/mine.xml",
        "<activity id=\"1\"><mine id=\"2\"> <name>N</name> <userid>3</userid> <empty> </empty> <goals> <goal id=\"1\"><text>t</text></goal> <goal id=\"2\"><text>t</text><marks><mark><userid>7</userid></mark></marks></goal> </goals> <done><userid>8</userid><at>1</at></done> <plain><entry><a>1</a></entry><entry><authorid>4</authorid></entry></plain></mine></activity>",
    ),
    (
        "unknown-top",
        "stuff.xml",
        "<stuff><list><row><userid>3</userid></row><row/></list><!-- c --><x><![CDATA[<y>]]></x></stuff>",
    ),
    (
        "plugin",
        "activities/page_1/module.xml",
        "<module id=\"1\"><userid>5</userid><plugin_local_x_module><notes><note id=\"1\"><userid>7</userid></note></notes></plugin_local_x_module></module>",
    ),
    (
        "survey",
        "activities/survey_1/survey.xml",
        "<activity id=\"1\"><survey id=\"1\"><answers><answer id=\"1\"><userid>3</userid></answer></answers><analysis><any><userid>3</userid></any></analysis></survey></activity>",
    ),
    (
        "overrides",
        "activities/quiz_1/quiz.xml",
        "<activity id=\"1\"><quiz id=\"1\"><overrides><override id=\"1\"><userid>$@NULL@$</userid><groupid>2</groupid></override>\n<override id=\"2\"><userid>4</userid></override></overrides></quiz></activity>",
    ),
    (
        "legacy-log",
        "course/logs.xml",
        "<logs>\n <log id=\"1\"><time>5</time><userid>3</userid><module>forum</module><action>view</action></log>\n</logs>",
    ),
    (
        "availability",
        "sections/section_1/section.xml",
        "<section id=\"1\"><number>1</number><sequence>1,2,,3</sequence><availabilityjson>{\"op\":\"&amp;\",\"c\":[{\"type\":\"group\",\"id\":3},{\"type\":\"grade\",\"id\":\"4\"}]}</availabilityjson></section>",
    ),
    ("ratings", "activities/forum_1/ratings.xml", "<a><ratings><rating><scaleid>-3.0</scaleid></rating></ratings></a>"),
    ("attributes", "x.xml", "<?xml version='1.0'?><a id='1' x=\"a&amp;b\"><b id='it'/><b  contextid = '2' /></a>"),
    ("attributes-read", "!", "<?xml version='1.0'?><a id='1' x=\"a&amp;b\"><b id='it'/><b  contextid = '2' /></a>"),
    (
        "master-read",
        "!",
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<moodle_backup><information><backup_version>2024100700</backup_version><original_course_id>7</original_course_id><original_course_contextid>70</original_course_contextid><original_system_contextid>1</original_system_contextid><news>$@NULL@$</news><details><detail><type>course</type></detail></details><contents><activities><activity><moduleid>4</moduleid><modulename>page</modulename><directory>activities/page_4</directory></activity></activities></contents><settings><setting><level>root</level><name>users</name><value>1</value></setting></settings></information></moodle_backup>",
    ),
    ("entities", "x.xml", "\u{feff}<a>&amp;&#65;&#x42;&nbsp;&;<b>$@NULL@$</b></a>\n"),
    ("doctype", "x.xml", "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>"),
    ("broken", "course/course.xml", "<course>\n<a></b>"),
    ("spaces", "*course/logs.xml", "<logs>\u{2}<log id=\"1\"/></logs>"),
    (
        "long-text",
        "*activities/forum_1/forum.xml",
        "<activity><forum><discussions><discussion>\u{3}</discussion></discussions></forum></activity>",
    ),
    ("long-name", "*x.xml", "<a><\u{4}/></a>"),
    ("long-record", "*x.xml", "<a><b><c><userid>1</userid>\u{5}</c></b></a>"),
];

pub(crate) fn all() -> io::Result<Vec<Seed>> {
    let mut seeds = Vec::new();
    walk(&sample(), "", &mut seeds)?;
    for (name, path, document) in ODD {
        seeds.push(((*name).to_owned(), format!("{path}\n{document}").into_bytes()));
    }
    Ok(seeds)
}

fn walk(folder: &Path, path: &str, seeds: &mut Vec<Seed>) -> io::Result<()> {
    let mut entries = fs::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if path.is_empty() { name } else { format!("{path}/{name}") };
        if entry.file_type()?.is_dir() {
            walk(&entry.path(), &path, seeds)?;
        } else if path.ends_with(".xml") {
            let document = thin(&fs::read(entry.path())?).map_err(io::Error::other)?;
            if document.len() <= LARGEST {
                let name = path.replace('/', "-");
                seeds.push((format!("{name}-read"), [b"!\n", document.as_slice()].concat()));
                seeds.push((name, [path.as_bytes(), b"\n", &document].concat()));
            }
        }
    }
    Ok(())
}

/// Leaves out what a document has more than twice in one place.
fn thin(document: &[u8]) -> Result<Vec<u8>, XmlError> {
    let mut out = Vec::new();
    // How often each element was met in the open ones, and at which depth leaving out began.
    let mut met: Vec<HashMap<Vec<u8>, usize>> = vec![HashMap::new()];
    let mut out_from = None;
    let mut scanner = Scanner::new();
    scanner.feed(document, |_, event| {
        match event {
            Event::Start { name, empty, .. } => {
                let times = met.last_mut().map_or(0, |met| {
                    let times = met.entry(name.to_vec()).or_default();
                    *times += 1;
                    *times
                });
                let depth = met.len();
                if times <= 2 && out_from.is_none() {
                    out.extend_from_slice(event.bytes());
                } else if out_from.is_none() && !empty {
                    out_from = Some(depth);
                }
                if !empty {
                    met.push(HashMap::new());
                }
            }
            Event::End { .. } => {
                met.pop();
                match out_from {
                    None => out.extend_from_slice(event.bytes()),
                    Some(from) if from == met.len() => out_from = None,
                    Some(_) => {}
                }
            }
            _ if out_from.is_none() => out.extend_from_slice(event.bytes()),
            _ => {}
        }
        Ok::<(), XmlError>(())
    })?;
    scanner.finish()?;
    Ok(out)
}
