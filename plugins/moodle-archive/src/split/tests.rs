use super::*;
use crate::facets::names;
use crate::layout::{Place, parse};
use crate::rows::Columns;
use proptest::prelude::*;

fn part(path: &str) -> PartName {
    match parse(path) {
        Place::Part(part) => part,
        other => panic!("{path} is {other:?}"),
    }
}

fn split(path: &str, document: &str) -> Vec<FacetedRun> {
    Splitter::all(&part(path), document.as_bytes()).unwrap().0
}

/// Runs as text with their facets in front; rows in brackets.
fn pieces(path: &str, document: &str) -> Vec<String> {
    let runs = split(path, document);
    let show = |run: &FacetedRun| {
        let body = String::from_utf8(run.bytes()).unwrap();
        let body = if matches!(run.run, Run::Rows(_)) { format!("[{body}]") } else { body };
        format!("{}:{body}", run.facets.join("+"))
    };
    runs.iter().map(show).collect()
}

#[test]
fn elements_take_the_space_before_them() {
    let document = "<activity id=\"1\">\n <forum id=\"2\">\n  <name>F</name>\n  <discussions>\n   <discussion id=\"1\">\n<a/>\n   </discussion>\n   <discussion id=\"2\"/>\n  </discussions>\n </forum>\n</activity>";
    let expected = [
        ":<activity id=\"1\">\n <forum id=\"2\">\n  <name>F</name>\n  <discussions>",
        "user-data:\n   <discussion id=\"1\">\n<a/>\n   </discussion>\n   <discussion id=\"2\"/>",
        ":\n  </discussions>\n </forum>\n</activity>",
    ];
    assert_eq!(pieces("activities/forum_2/forum.xml", document), expected);
}

#[test]
fn enrolments_know_their_method() {
    let document = "<enrolments><enrols><enrol id=\"18\"><enrol>manual</enrol><user_enrolments> <enrolment id=\"1\"><status>1</status><userid>7</userid><timestart>5</timestart><timeend>0</timeend></enrolment></user_enrolments></enrol></enrols></enrolments>";
    let runs = split("course/enrolments.xml", document);
    let Run::Rows(rows) = &runs[1].run else { panic!("{runs:?}") };
    assert_eq!(runs[1].facets, [names::ENROLMENT]);
    let expected = Columns::Enrolment {
        local: 1,
        person: 7,
        method: 18,
        method_kind: "manual".into(),
        suspended: true,
        start: 5,
        end: 0,
    };
    assert_eq!(rows[0].columns, expected);
    assert!(rows[0].element.starts_with(b" <enrolment"));
}

#[test]
fn groups_are_rows_up_to_their_members() {
    let document = "<groups>\n <group id=\"5\">\n  <name>R</name>\n  <group_members>\n   <group_member id=\"11\"><userid>7</userid></group_member>\n  </group_members>\n </group>\n <group id=\"6\"><name>S</name></group>\n</groups>";
    let expected = [
        ":<groups>",
        ":[\n <group id=\"5\">\n  <name>R</name>]",
        ":\n  <group_members>",
        "enrolment:[\n   <group_member id=\"11\"><userid>7</userid></group_member>]",
        ":\n  </group_members>\n </group>",
        ":[\n <group id=\"6\"><name>S</name></group>]",
        ":\n</groups>",
    ];
    assert_eq!(pieces("groups.xml", document), expected);
    let rows: Vec<Columns> = split("groups.xml", document)
        .into_iter()
        .filter_map(|r| if let Run::Rows(rows) = r.run { Some(rows) } else { None })
        .flatten()
        .map(|r| r.columns)
        .collect();
    assert_eq!(rows[0], Columns::Group { local: 5, name: "R".into(), idnumber: String::new() });
    assert_eq!(rows[1], Columns::GroupMember { local: 11, person: 7, group: 5 });
}

#[test]
fn grades_know_their_item() {
    let document = "<activity_gradebook><grade_items><grade_item id=\"9\"><itemname>X</itemname><itemtype>mod</itemtype><grademax>10.00000</grademax><grade_grades><grade_grade id=\"1\"><userid>3</userid><finalgrade>7.50000</finalgrade></grade_grade></grade_grades></grade_item></grade_items></activity_gradebook>";
    let runs = split("activities/quiz_1/grades.xml", document);
    let rows: Vec<&Row> =
        runs.iter().flat_map(|r| if let Run::Rows(rows) = &r.run { rows.as_slice() } else { &[] }).collect();
    assert_eq!(
        rows[0].columns,
        Columns::GradeItem { local: 9, name: "X".into(), kind: "mod".into(), maximum: "10.00000".into() }
    );
    assert_eq!(
        rows[1].columns,
        Columns::Grade { local: 1, person: 3, item: 9, final_grade: "7.50000".into(), modified: 0 }
    );
}

#[test]
fn unknown_modules_are_looked_at() {
    let document = "<activity id=\"1\"><mine id=\"2\"> <name>N</name> <userid>3</userid> <empty> </empty> <goals> <goal id=\"1\"><text>t</text></goal> <goal id=\"2\"><text>t</text><marks><mark><userid>7</userid></mark></marks></goal> </goals> <done><userid>8</userid><at>1</at></done> <plain><entry><a>1</a></entry><entry><authorid>4</authorid></entry></plain></mine></activity>";
    let expected = [
        ":<activity id=\"1\"><mine id=\"2\"> <name>N</name> <userid>3</userid> <empty> </empty> <goals> <goal id=\"1\"><text>t</text></goal>",
        "user-data: <goal id=\"2\"><text>t</text><marks><mark><userid>7</userid></mark></marks></goal>",
        ": </goals>",
        "user-data: <done><userid>8</userid><at>1</at></done>",
        ": <plain><entry><a>1</a></entry>",
        "user-data:<entry><authorid>4</authorid></entry>",
        ":</plain></mine></activity>",
    ];
    assert_eq!(pieces("activities/mine_2/mine.xml", document), expected);
    let mut splitter = Splitter::new(&part("activities/mine_2/mine.xml"));
    splitter.feed(document.as_bytes()).unwrap();
    splitter.finish().unwrap();
    assert!(splitter.warning().unwrap().to_string().starts_with("activities/mine_2/mine.xml: no rules"));
}

#[test]
fn plugins_in_known_documents_are_looked_at() {
    let document = "<module id=\"1\"><userid>5</userid><plugin_local_x_module><notes><note id=\"1\"><userid>7</userid></note></notes></plugin_local_x_module></module>";
    assert_eq!(
        pieces("activities/page_1/module.xml", document)[1],
        "user-data:<note id=\"1\"><userid>7</userid></note>"
    );
}

#[test]
fn what_plugins_add_is_looked_at_wherever_it_is() {
    // Fields of the wrapper itself and lists in it.
    let fields = "<course id=\"1\"><plugin_local_x_course><setting>s</setting><marks><mark id=\"1\"><userid>7</userid></mark><mark id=\"2\"><note>n</note></mark></marks></plugin_local_x_course><plugin_local_y_course><userid>8</userid><note>n</note></plugin_local_y_course></course>";
    let expected = [
        ":<course id=\"1\"><plugin_local_x_course><setting>s</setting><marks>",
        "user-data:<mark id=\"1\"><userid>7</userid></mark>",
        ":<mark id=\"2\"><note>n</note></mark></marks></plugin_local_x_course>",
        "user-data:<plugin_local_y_course><userid>8</userid><note>n</note></plugin_local_y_course>",
        ":</course>",
    ];
    assert_eq!(pieces("course/course.xml", fields), expected);
    // Fields and lists of an element in it.
    let nested = "<course><plugin_local_x_course><re><config>c</config><tries><try id=\"1\"><userid>7</userid></try></tries></re><re><userid>8</userid><a><b/></a></re></plugin_local_x_course></course>";
    let expected = [
        ":<course><plugin_local_x_course><re><config>c</config><tries>",
        "user-data:<try id=\"1\"><userid>7</userid></try>",
        ":</tries></re>",
        "user-data:<re><userid>8</userid><a><b/></a></re>",
        ":</plugin_local_x_course></course>",
    ];
    assert_eq!(pieces("course/course.xml", nested), expected);
    // In a question, of both shapes; its type is definition, comments are comments.
    for (before, after) in [
        (
            "<question_bank_entries><question_bank_entry id=\"1\"><question_version><question_versions id=\"1\"><questions><question id=\"1\">",
            "</question></questions></question_versions></question_version></question_bank_entry></question_bank_entries>",
        ),
        ("<questions><question id=\"1\">", "</question></questions>"),
    ] {
        let inside = "<plugin_qtype_x_question><a><ownerid>3</ownerid></a></plugin_qtype_x_question><plugin_local_x_question><votes><vote user_id=\"9\"/></votes></plugin_local_x_question>";
        let document = format!(
            "<question_categories><question_category id=\"1\">{before}{inside}{after}</question_category></question_categories>"
        );
        let found = pieces("questions.xml", &document);
        assert_eq!(found.len(), 3, "{found:?}");
        assert_eq!(found[1], "user-data:<vote user_id=\"9\"/>");
    }
    let comment = "<question_categories><question_category><question_bank_entries><question_bank_entry><question_version><question_versions><questions><question><plugin_qbank_comment_question><comments><comment id=\"1\"><userid>7</userid></comment></comments></plugin_qbank_comment_question></question></questions></question_versions></question_version></question_bank_entry></question_bank_entries></question_category></question_categories>";
    assert_eq!(pieces("questions.xml", comment)[1], "comment:<comment id=\"1\"><userid>7</userid></comment>");
}

#[test]
fn what_a_later_release_adds_to_a_known_module_is_looked_at() {
    let document = "<activity id=\"1\"><quiz id=\"2\"><name>N</name><subplugin_quizaccess_seb_quiz><quizaccess_seb_quizsettings id=\"1\"><usermodified>4</usermodified></quizaccess_seb_quizsettings></subplugin_quizaccess_seb_quiz><helpers><helper id=\"1\"><userid>7</userid></helper></helpers><owner userid=\"8\"><a>1</a></owner></quiz></activity>";
    let expected = [
        ":<activity id=\"1\"><quiz id=\"2\"><name>N</name><subplugin_quizaccess_seb_quiz><quizaccess_seb_quizsettings id=\"1\"><usermodified>4</usermodified></quizaccess_seb_quizsettings></subplugin_quizaccess_seb_quiz><helpers>",
        "user-data:<helper id=\"1\"><userid>7</userid></helper>",
        ":</helpers>",
        "user-data:<owner userid=\"8\"><a>1</a></owner>",
        ":</quiz></activity>",
    ];
    assert_eq!(pieces("activities/quiz_2/quiz.xml", document), expected);
    let mut splitter = Splitter::new(&part("activities/quiz_2/quiz.xml"));
    splitter.feed(document.as_bytes()).unwrap();
    splitter.finish().unwrap();
    assert!(splitter.warning().unwrap().to_string().contains("elements that no rule is known for"));
}

#[test]
fn dates_of_single_people_are_theirs() {
    let document = "<events><event id=\"1\"><courseid>0</courseid><groupid>0</groupid><userid>7</userid></event><event id=\"2\"><courseid>21</courseid><userid>4</userid></event><event id=\"3\"><userid>4</userid></event></events>";
    let found = pieces("activities/quiz_2/calendar.xml", document);
    assert_eq!(
        found[1],
        "user-data:<event id=\"1\"><courseid>0</courseid><groupid>0</groupid><userid>7</userid></event>"
    );
    assert_eq!(found.len(), 3);
    assert_eq!(pieces("course/calendar.xml", document).len(), 1);
}

#[test]
fn blocks_have_documents_of_their_own() {
    let document = "<block id=\"3\"><poll id=\"3\"><title>t</title><votes><vote id=\"1\"><userid>7</userid></vote></votes></poll></block>";
    let expected = [
        ":<block id=\"3\"><poll id=\"3\"><title>t</title><votes>",
        "user-data:<vote id=\"1\"><userid>7</userid></vote>",
        ":</votes></poll></block>",
    ];
    assert_eq!(pieces("course/blocks/poll_3/poll.xml", document), expected);
}

#[test]
fn large_text_comes_in_pieces_and_damage_is_named() {
    let document = format!("<course><summary>{}</summary></course>", "x".repeat(3 * PIECE));
    let runs = split("course/course.xml", &document);
    assert!(runs.len() >= 3 && runs.iter().all(|r| r.bytes().len() <= PIECE));
    assert_eq!(runs.iter().flat_map(|r| r.bytes()).collect::<Vec<u8>>(), document.as_bytes());
    let error = Splitter::all(&part("course/course.xml"), b"<course>\n<a></b>").unwrap_err();
    assert_eq!(error.to_string(), "course/course.xml: </b> where </a> was due, at line 2 (byte 12)");
    let large = format!("<logs><log id=\"1\"><info>{}</info></log></logs>", "x".repeat(17 << 20));
    let error = Splitter::all(&part("course/logs.xml"), large.as_bytes()).unwrap_err();
    assert!(error.to_string().contains("the element <log> at byte"), "{error}");
}

/// Found by fuzzing: much white space went with the element or not, depending on the pieces it came in.
#[test]
fn much_white_space_goes_with_the_text_before_in_whatever_pieces_it_comes() {
    for spaces in [SPACE_LIMIT, SPACE_LIMIT + 1, 2 * SPACE_LIMIT] {
        let document = format!("<logs>{}<log id=\"1\"/> <log id=\"2\"/></logs>", " ".repeat(spaces));
        let whole = split("course/logs.xml", &document);
        let Run::Rows(rows) = &whole[1].run else { panic!("{whole:?}") };
        let kept = if spaces > SPACE_LIMIT { 0 } else { spaces };
        assert_eq!(rows[0].element.len(), kept + "<log id=\"1\"/>".len());
        assert!(rows[1].element.starts_with(b" <log"));
        for size in [1000, 30_000, SPACE_LIMIT, SPACE_LIMIT + 1] {
            let mut splitter = Splitter::new(&part("course/logs.xml"));
            document.as_bytes().chunks(size).for_each(|chunk| splitter.feed(chunk).unwrap());
            splitter.finish().unwrap();
            assert!(splitter.take_runs() == whole, "{spaces} in pieces of {size}");
        }
    }
}

#[test]
fn logs_of_any_length_need_little_memory() {
    let path = part("course/logstores.xml");
    let mut splitter = Splitter::new(&path);
    let row = "\n<logstore_standard_log id=\"1\"><component>core</component><userid>2</userid><timecreated>5</timecreated></logstore_standard_log>";
    splitter.feed(b"<logstores><logstore><subplugin_logstore_standard_logstore>").unwrap();
    let mut rows = 0;
    for _ in 0..200_000 {
        splitter.feed(row.as_bytes()).unwrap();
        for run in splitter.take_runs() {
            if let Run::Rows(list) = &run.run {
                rows += list.len();
                assert!(run.bytes().len() <= PIECE);
            }
        }
    }
    splitter.feed(b"</subplugin_logstore_standard_logstore></logstore></logstores>").unwrap();
    splitter.finish().unwrap();
    let last: usize =
        splitter.take_runs().iter().map(|r| if let Run::Rows(list) = &r.run { list.len() } else { 0 }).sum();
    assert_eq!(rows + last, 200_000);
}

/// Documents that hit as many rules as possible, sound or not.
fn documents() -> impl Strategy<Value = (String, String)> {
    let bits = "(<activity id=\"1\">|</activity>|<forum>|</forum>|<mine>|</mine>|<discussions>|</discussions>|<discussion id='1'>|</discussion>|<groups>|</groups>|<group id=\"3\">|</group>|<group_members>|</group_members>|<group_member id=\"4\">|</group_member>|<name>|</name>|<userid>7</userid>|<userid/>|<a>|</a>|<b/>| |\n|é|&amp;|<!-- c -->|<!\\[CDATA\\[x\\]\\]>|<quiz>|</quiz>|<overrides>|</overrides>|<override>|</override>)";
    let paths = prop_oneof![
        Just("activities/forum_1/forum.xml"),
        Just("activities/mine_1/mine.xml"),
        Just("groups.xml"),
        Just("activities/quiz_1/quiz.xml"),
        Just("course/course.xml"),
        Just("x.xml")
    ];
    let random = proptest::string::string_regex(&format!("{bits}{{0,30}}")).unwrap();
    (paths, random).prop_map(|(path, body)| {
        let (open, close) = match path {
            "groups.xml" => ("<groups>", "</groups>"),
            "activities/mine_1/mine.xml" => ("<activity><mine>", "</mine></activity>"),
            "activities/quiz_1/quiz.xml" => ("<activity><quiz><overrides>", "</overrides></quiz></activity>"),
            "x.xml" => ("<x><y>", "</y></x>"),
            "course/course.xml" => ("<course><plugin_local_x_course>", "</plugin_local_x_course></course>"),
            _ => ("<activity><forum><discussions>", "</discussions></forum></activity>"),
        };
        (path.to_owned(), format!("{open}{body}{close}"))
    })
}

/// Sound documents: nested elements from a few names.
fn sound() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        "[a-z é]{0,6}",
        Just("<userid>7</userid>".to_owned()),
        Just("\n  ".to_owned()),
        Just("<name>n</name>".to_owned()),
        Just("<e/>".to_owned()),
        Just("<group_members>\n</group_members>".to_owned()),
    ];
    leaf.prop_recursive(5, 60, 6, |inner| {
        let name = prop_oneof![
            Just("mine"),
            Just("group"),
            Just("list"),
            Just("row"),
            Just("group_members"),
            Just("group_member")
        ];
        (name, proptest::collection::vec(inner, 0..6))
            .prop_map(|(name, children)| format!("\n <{name} id=\"1\">{}</{name}>", children.concat()))
    })
}

fn check(path: &str, document: &str, size: usize) {
    let mut splitter = Splitter::new(&part(path));
    let mut bytes = Vec::new();
    let mut verdict = Ok(());
    for chunk in document.as_bytes().chunks(size) {
        verdict = splitter.feed(chunk);
        splitter.take_runs().iter().for_each(|r| bytes.extend(r.bytes()));
        if verdict.is_err() {
            break;
        }
    }
    if verdict.is_ok() {
        verdict = splitter.finish();
        splitter.take_runs().iter().for_each(|r| bytes.extend(r.bytes()));
    }
    assert!(document.as_bytes().starts_with(&bytes));
    if verdict.is_ok() {
        assert_eq!(String::from_utf8(bytes).unwrap(), document);
    }
}

proptest! {
    #[test]
    fn no_byte_is_lost((path, document) in documents(), size in 1usize..40) {
        check(&path, &document, size);
    }

    #[test]
    fn no_byte_of_a_sound_document_is_lost(body in sound(), size in 1usize..40) {
        for (path, root) in [("groups.xml", "groups"), ("activities/mine_1/mine.xml", "activity"), ("x.xml", "x"), ("course/course.xml", "plugin_local_x_course")] {
            let document = format!("<{root}>{body}</{root}>");
            check(path, &document, size);
            let whole = Splitter::all(&part(path), document.as_bytes()).unwrap().0;
            prop_assert_eq!(whole.iter().flat_map(|r| r.bytes()).collect::<Vec<_>>(), document.into_bytes());
        }
    }
}
