//! Documents of its own, for what the real archives do not show.

use super::*;
use proptest::prelude::*;

/// Adds 1000 to every id of a document.
fn moved(path: &str, document: &str) -> String {
    let mut claims = Claims::new();
    claims.scan_all(&part(path), document.as_bytes()).unwrap();
    let map = claims.map(|_, id| id + 1000);
    String::from_utf8(Rewriter::all(&part(path), document.as_bytes(), &map, 0).unwrap()).unwrap()
}

/// Every number written as `~7` is an id.
fn check(path: &str, document: &str) {
    let before = document.replace('~', "");
    let mut after = String::new();
    let mut rest = document;
    while let Some(at) = rest.find('~') {
        after.push_str(&rest[..at]);
        let digits: String = rest[at + 1..].chars().take_while(char::is_ascii_digit).collect();
        after.push_str(&(digits.parse::<u64>().unwrap() + 1000).to_string());
        rest = &rest[at + 1 + digits.len()..];
    }
    after.push_str(rest);
    assert_eq!(moved(path, &before), after, "{path}");
}

#[test]
fn documents_of_the_course() {
    check(
        "course/course.xml",
        "<course id=\"~7\" contextid='~70'><shortname>7</shortname><defaultgroupingid>~3</defaultgroupingid><startdate>7</startdate><category id=\"~1\"><name>$@COURSEVIEWBYID*~7@$</name></category><tags><tag id=\"5\"/></tags><courseformatoptions><courseformatoption><courseid>~7</courseid><sectionid>0</sectionid></courseformatoption><courseformatoption><sectionid>~5</sectionid><name>x</name><value>5</value></courseformatoption></courseformatoptions></course>",
    );
    check(
        "sections/section_1/section.xml",
        "<section id=\"~1\"><number>1</number><summary>$@PLUGINFILEBYCONTEXT*~9@$ $@COURSESECTIONBYID*~1@$</summary><sequence>~3,~4</sequence><availabilityjson>{\"c\":[{\"type\":\"completion\",\"cm\":~4}]}</availabilityjson><component>mod_subsection</component><itemid>~3</itemid></section>",
    );
    check(
        "course/enrolments.xml",
        "<enrolments><enrols><enrol id=\"~1\"><enrol>self</enrol><roleid>~5</roleid><customint1>1</customint1><customint2>2</customint2><user_enrolments><enrolment id=\"4\"><userid>~9</userid><modifierid>~2</modifierid></enrolment></user_enrolments></enrol><enrol id=\"~2\"><enrol>cohort</enrol><roleid>0</roleid><customint1>8</customint1><customint2>~6</customint2></enrol></enrols></enrolments>",
    );
    check(
        "course/roles.xml",
        "<roles><role_assignments><assignment id=\"1\"><roleid>~5</roleid><userid>~7</userid><component>enrol_self</component><itemid>~4</itemid></assignment><assignment id=\"2\"><component></component><itemid>4</itemid></assignment></role_assignments></roles>",
    );
    check(
        "course/calendar.xml",
        "<events><event id=\"~1\"><courseid>~7</courseid><groupid>0</groupid><userid>~2</userid><repeatid>~1</repeatid><modulename>quiz</modulename><instance>~4</instance><type>1</type></event><event id=\"~2\"><modulename></modulename><instance>4</instance></event></events>",
    );
    check(
        "course/blocks/html_3/block.xml",
        "<block id=\"~3\" contextid=\"~30\" version=\"2024\"><blockname>html</blockname><parentcontextid>~70</parentcontextid><pagetypepattern>mod-lesson-*</pagetypepattern><subpagepattern>~8</subpagepattern><block_positions><block_position id=\"4\"><contextid>~70</contextid><pagetype>course-view</pagetype><subpage>8</subpage></block_position></block_positions></block>",
    );
}

#[test]
fn documents_at_the_top() {
    check(
        "groups.xml",
        "<groups><group id=\"~5\"><name>5</name><group_members><group_member id=\"1\"><userid>~9</userid><component>enrol_cohort</component><itemid>~4</itemid></group_member></group_members></group><groupcustomfields><groupcustomfield id=\"1\"><groupid>~5</groupid></groupcustomfield></groupcustomfields><groupings><grouping id=\"~5\"><grouping_groups><grouping_group id=\"5\"><groupid>~5</groupid></grouping_group></grouping_groups></grouping></groupings></groups>",
    );
    check(
        "gradebook.xml",
        "<gradebook><grade_categories><grade_category id=\"~8\"><parent>$@NULL@$</parent><depth>1</depth><path>/~8/</path></grade_category><grade_category id=\"~9\"><parent>~8</parent><depth>2</depth><path>/~8/~9/</path></grade_category></grade_categories><grade_items><grade_item id=\"~1\"><categoryid>~8</categoryid><itemtype>course</itemtype><itemmodule>$@NULL@$</itemmodule><iteminstance>~8</iteminstance><calculation>=##gi~2##*2</calculation><scaleid>~3</scaleid><grade_grades><grade_grade id=\"6\"><userid>~9</userid></grade_grade></grade_grades></grade_item><grade_item id=\"~2\"><itemtype>mod</itemtype><itemmodule>forum</itemmodule><iteminstance>~4</iteminstance></grade_item><grade_item id=\"~3\"><itemtype>manual</itemtype><iteminstance>4</iteminstance></grade_item></grade_items></gradebook>",
    );
    check(
        "completion.xml",
        "<course_completion><course_completion_criteria id=\"3\"><course>~7</course><criteriatype>4</criteriatype><module>page</module><moduleinstance>~427</moduleinstance><role>~5</role></course_completion_criteria><course_completions id=\"1\"><userid>~9</userid><course>~7</course></course_completions></course_completion>",
    );
    check(
        "badges.xml",
        "<badges><badge id=\"~3\"><usercreated>~2</usercreated><courseid>~7</courseid><criteria><criterion id=\"1\"><badgeid>~3</badgeid><criteriatype>1</criteriatype><parameters><parameter id=\"1\"><critid>1</critid><name>module_~427</name><value>~427</value></parameter><parameter id=\"2\"><name>bydate_~427</name><value>427</value></parameter><parameter id=\"3\"><name>grade_~427</name><value>427</value></parameter></parameters></criterion><criterion id=\"2\"><criteriatype>2</criteriatype><parameters><parameter><name>role_~5</name><value>~5</value></parameter></parameters></criterion><criterion id=\"3\"><criteriatype>4</criteriatype><parameters><parameter><name>course_~7</name><value>~7</value></parameter><parameter><name>bydate_~7</name><value>6</value></parameter></parameters></criterion></criteria><manual_awards><manual_award id=\"1\"><badgeid>~3</badgeid><recipientid>~9</recipientid><issuerrole>~5</issuerrole></manual_award></manual_awards></badge></badges>",
    );
    check(
        "questions.xml",
        "<question_categories><question_category id=\"~6\"><contextid>~70</contextid><contextlevel>70</contextlevel><contextinstanceid>~427</contextinstanceid><parent>~5</parent><question_bank_entries><question_bank_entry id=\"~25\"><questioncategoryid>~6</questioncategoryid><question_version><question_versions id=\"~25\"><version>1</version><questions><question id=\"~33\"><parent>0</parent><plugin_qtype_multianswer_question><answers><answer id=\"~90\"/></answers><multianswer id=\"1\"><question>~33</question><sequence>~34,,~35</sequence></multianswer></plugin_qtype_multianswer_question><question_hints><question_hint id=\"~2\"/></question_hints><tags><tag id=\"4\" contextid=\"~70\"/></tags></question></questions></question_versions></question_version></question_bank_entry></question_bank_entries></question_category><question_category id=\"~7\"><contextlevel>10</contextlevel><contextinstanceid>1</contextinstanceid></question_category></question_categories>",
    );
    check(
        "files.xml",
        "<files><file id=\"~1\"><contextid>~70</contextid><component>course</component><filearea>section</filearea><itemid>~5</itemid><userid>~2</userid></file><file id=\"~2\"><contextid>~70</contextid><component>mod_assign</component><filearea>intro</filearea><itemid>5</itemid></file></files>",
    );
    check(
        "users.xml",
        "<users><user id=\"~7\" contextid=\"~71\"><idnumber>7</idnumber><preferences><preference id=\"1\"><value>7</value></preference></preferences></user></users>",
    );
    check(
        "grade_history.xml",
        "<grade_history><grade_grades><grade_grade id=\"1\"><oldid>100</oldid><itemid>~139</itemid><loggeduser>~3</loggeduser><rawscaleid>~2</rawscaleid></grade_grade></grade_grades></grade_history>",
    );
}

#[test]
fn documents_of_modules() {
    check(
        "activities/quiz_4/quiz.xml",
        "<activity id=\"~3\" moduleid=\"~4\" modulename=\"quiz\" contextid=\"~9\"><quiz id=\"~3\"><name>3</name><grade>-~7.00000</grade><question_instances><question_instance id=\"2\"><quizid>~3</quizid><question_set_reference id=\"1\"><usingcontextid>~9</usingcontextid><questionscontextid>~8</questionscontextid><filtercondition>{\"questioncategoryid\":\"~6\"}</filtercondition></question_set_reference></question_instance></question_instances><overrides><override id=\"1\"><userid>$@NULL@$</userid><groupid>~5</groupid></override></overrides><attempts><attempt id=\"4\"><userid>~9</userid><question_usage id=\"4\"><question_attempts><question_attempt id=\"31\"><questionid>~38</questionid><steps><step id=\"1\"><userid>~9</userid><response><variable><name>_order</name><value>~73,~71</value></variable><variable><name>response_~38</name><value>38</value></variable><variable><name>_choiceorder1</name><value>1,2</value></variable><variable><name>_sub2_order</name><value>~90,~91</value></variable><variable><name>_stemorder</name><value>~3,~2</value></variable></response></step></steps></question_attempt></question_attempts></question_usage></attempt></attempts></quiz></activity>",
    );
    check(
        "activities/forum_4/forum.xml",
        "<activity id=\"~3\" moduleid=\"~4\" modulename=\"forum\" contextid=\"~9\"><forum id=\"~3\"><scale>-~2</scale><grade_forum>100</grade_forum><discussions><discussion id=\"~1\"><firstpost>~5</firstpost><groupid>-1</groupid><posts><post id=\"~5\"><parent>0</parent><message>$@FORUMDISCUSSIONVIEWINSIDE*~1*~5@$</message><ratings><rating id=\"1\"><scaleid>-~2</scaleid><userid>~9</userid></rating><rating><scaleid>100</scaleid></rating></ratings></post></posts></discussion></discussions></forum></activity>",
    );
    check(
        "activities/lesson_4/lesson.xml",
        "<activity id=\"~3\" moduleid=\"~4\" modulename=\"lesson\" contextid=\"~9\"><lesson id=\"~3\"><course>~7</course><dependency>~2</dependency><activitylink>~5</activitylink><pages><page id=\"~8\"><prevpageid>0</prevpageid><answers><answer id=\"8\"><jumpto>-1</jumpto></answer><answer id=\"9\"><jumpto>~8</jumpto></answer></answers></page></pages></lesson></activity>",
    );
    // Of an unknown module what all have, and what names say.
    check(
        "activities/mymod_4/mymod.xml",
        "<activity id=\"~3\" moduleid=\"~4\" modulename=\"mymod\" contextid=\"~9\"><mymod id=\"~3\"><course>~7</course><things><thing id=\"3\"><userid>~9</userid><thingid>3</thingid><groupid>~5</groupid></thing></things></mymod></activity>",
    );
    check(
        "activities/quiz_4/module.xml",
        "<module id=\"~4\" version=\"2024100700\"><modulename>quiz</modulename><sectionid>~1</sectionid><sectionnumber>1</sectionnumber><groupingid>0</groupingid><availability>{\"op\":\"&amp;\",\"c\":[{\"type\":\"grade\",\"id\":~5}]}</availability></module>",
    );
    check(
        "activities/glossary_4/comments.xml",
        "<comments><comment id=\"3\"><component>mod_glossary</component><commentarea>glossary_entry</commentarea><itemid>~5</itemid><userid>~9</userid></comment><comment id=\"4\"><component>other</component><itemid>5</itemid></comment></comments>",
    );
    check(
        "activities/forum_4/inforef.xml",
        "<inforef><userref><user><id>~3</id></user></userref><fileref><file><id>~8</id></file></fileref><otherref><other><id>3</id></other></otherref></inforef>",
    );
    check(
        "activities/forum_4/logstores.xml",
        "<logstores><logstore><x><logstore_standard_log id=\"9\"><eventname>e</eventname><component>mod_forum</component><objecttable>forum</objecttable><objectid>~3</objectid><contextid>~9</contextid><contextlevel>70</contextlevel><contextinstanceid>~4</contextinstanceid><userid>-1</userid><courseid>~7</courseid><relateduserid>~2</relateduserid></logstore_standard_log><logstore_standard_log><component>core</component><objecttable>user_enrolments</objecttable><objectid>3</objectid></logstore_standard_log></x></logstore></logstores>",
    );
    check(
        "activities/h5pactivity_4/xapistate.xml",
        "<states><state id=\"1\"><component>mod_h5pactivity</component><userid>~9</userid><itemid>~70</itemid></state></states>",
    );
}

#[test]
fn planned_dates_move_and_others_stay() {
    let cases = [
        (
            "course/course.xml",
            "<course><startdate>!100</startdate><enddate>0</enddate><timecreated>100</timecreated><courseformatoptions><courseformatoption><name>enddate</name><value>!100</value></courseformatoption><courseformatoption><name>x</name><value>100</value></courseformatoption></courseformatoptions></course>",
        ),
        (
            "activities/assign_1/assign.xml",
            "<activity><assign><duedate>!100</duedate><cutoffdate>$@NULL@$</cutoffdate><timemodified>100</timemodified><timelimit>100</timelimit><submissions><submission><timecreated>100</timecreated></submission></submissions><overrides><override><duedate>!100</duedate></override></overrides></assign></activity>",
        ),
        (
            "activities/quiz_1/quiz.xml",
            "<activity><quiz><timeopen>!100</timeopen><attempts><attempt><timestart>100</timestart></attempt></attempts></quiz></activity>",
        ),
        ("activities/mymod_1/mymod.xml", "<activity><mymod><timeopen>100</timeopen></mymod></activity>"),
        (
            "activities/quiz_1/module.xml",
            "<module><added>100</added><completionexpected>!100</completionexpected><availability>{\"c\":[{\"type\":\"date\",\"d\":\">=\",\"t\":!100}]}</availability></module>",
        ),
        (
            "activities/quiz_1/calendar.xml",
            "<events><event><timestart>!100</timestart><timeduration>100</timeduration><timesort>!100</timesort></event></events>",
        ),
        (
            "course/enrolments.xml",
            "<enrolments><enrols><enrol><enrolstartdate>!100</enrolstartdate><enrolperiod>100</enrolperiod><user_enrolments><enrolment><timestart>100</timestart></enrolment></user_enrolments></enrol></enrols></enrolments>",
        ),
        (
            "completion.xml",
            "<course_completion><course_completion_criteria><timeend>!100</timeend></course_completion_criteria><course_completions><timestarted>100</timestarted></course_completions></course_completion>",
        ),
        (
            "badges.xml",
            "<badges><badge><expiredate>!100</expiredate><expireperiod>100</expireperiod><criteria><criterion><criteriatype>1</criteriatype><parameters><parameter><name>bydate_4</name><value>!100</value></parameter></parameters></criterion></criteria></badge></badges>",
        ),
        (
            "gradebook.xml",
            "<gradebook><grade_items><grade_item><locktime>!100</locktime><grade_grades><grade_grade><locktime>100</locktime></grade_grade></grade_grades></grade_item></grade_items></gradebook>",
        ),
        (
            "activities/quiz_1/logstores.xml",
            "<logstores><logstore_standard_log><timecreated>100</timecreated></logstore_standard_log></logstores>",
        ),
    ];
    for (path, document) in cases {
        let map = IdMap::new();
        for (offset, new) in [(50, "150"), (-50, "50"), (-200, "1")] {
            let out = Rewriter::all(&part(path), document.replace('!', "").as_bytes(), &map, offset).unwrap();
            assert_eq!(String::from_utf8(out).unwrap(), document.replace("!100", new), "{path}");
        }
    }
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    let map = IdMap::new();
    let error = Rewriter::all(&part("groups.xml"), b"<groups><group></groups>", &map, 0).unwrap_err();
    assert!(error.to_string().starts_with("groups.xml: </groups> where </group> was due"), "{error}");
    let long = format!("<section id=\"1\"><sequence>{}</sequence></section>", "1,".repeat(3 << 20));
    let error = Rewriter::all(&part("sections/section_1/section.xml"), long.as_bytes(), &map, 0).unwrap_err();
    assert!(error.to_string().contains("<sequence>"), "{error}");
}

#[test]
fn what_should_be_a_number_may_be_anything() {
    let mut map = IdMap::new();
    map.insert(IdKind::User, 5, 6);
    map.insert(IdKind::CourseModule, 5, 6);
    let long = "x".repeat(1000);
    for (from, to) in [
        ("<userid>5<!-- 5 --></userid>", "<userid>6<!-- 5 --></userid>"),
        ("<userid> <b>5</b> </userid>", "<userid> <b>5</b> </userid>"),
        ("<userid>$@PAGEVIEWBYID*5@$<b/></userid>", "<userid>$@PAGEVIEWBYID*6@$<b/></userid>"),
        ("<userid/>", "<userid/>"),
        ("<userid>\u{fffd}5</userid>", "<userid>\u{fffd}5</userid>"),
        (&format!("<userid>{long}$@PAGEVIEWBYID*5@$</userid>"), &format!("<userid>{long}$@PAGEVIEWBYID*6@$</userid>")),
    ] {
        let of = |x: &str| format!("<a>{x}</a>");
        let out = Rewriter::all(&part("activities/x_1/x.xml"), of(from).as_bytes(), &map, 0).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), of(to));
    }
}

#[test]
fn documents_of_any_length_pass_by() {
    let mut map = IdMap::new();
    map.insert(IdKind::User, 5, 6000);
    let mut rewriter = Rewriter::new(&part("course/logstores.xml"), &map, 0);
    let row = b"<logstore_standard_log id=\"1\"><userid>5</userid><other>bnVsbA==</other></logstore_standard_log>";
    let rows = row.repeat(1000);
    assert!(rewriter.feed(b"<logstores>").unwrap().len() < 20);
    for _ in 0..200 {
        // All of it comes out at once, three digits more a row.
        assert_eq!(rewriter.feed(&rows).unwrap().len(), rows.len() + 3000);
    }
    assert!(rewriter.feed(b"</logstores>").unwrap().len() < 20);
    assert!(rewriter.finish().unwrap().is_empty());
}

proptest! {
    #[test]
    fn pieces_do_not_matter(sizes in proptest::collection::vec(1usize..40, 1..60), offset in -5i64..5) {
        let document = "<activity id=\"3\" moduleid=\"4\" modulename=\"quiz\" contextid=\"9\">\n<quiz id=\"3\"><intro>a $@PAGEVIEWBYID*4@$ &amp; $@QUIZVIEWBYQ*3@$ <![CDATA[$@COURSEVIEWBYID*7@$]]></intro><timeopen>1700000000</timeopen><userid><![CDATA[8]]></userid><availability>{\"c\":[{\"type\":\"group\",\"id\":5}]}</availability></quiz></activity>".as_bytes();
        let p = part("activities/quiz_4/quiz.xml");
        let mut claims = Claims::new();
        claims.scan_all(&p, document).unwrap();
        let map = claims.map(|_, id| id + 1000);
        let whole = Rewriter::all(&p, document, &map, offset).unwrap();
        let (mut rewriter, mut scanned) = (Rewriter::new(&p, &map, offset), Claims::new());
        let mut scan = scanned.scan(&p);
        let (mut out, mut rest) = (Vec::new(), document);
        for size in sizes {
            let (piece, later) = rest.split_at(size.min(rest.len()));
            out.extend(rewriter.feed(piece).unwrap());
            scan.feed(piece).unwrap();
            rest = later;
        }
        out.extend(rewriter.feed(rest).unwrap());
        out.extend(rewriter.finish().unwrap());
        scan.feed(rest).unwrap();
        scan.finish().unwrap();
        prop_assert_eq!(out, whole);
        prop_assert_eq!(scanned, claims);
    }

    #[test]
    fn any_document_is_taken(
        document in "(<activity>|</activity>|<userid>|</userid>|<group id=\"5\">|</group>|<sequence>|</sequence>|<availability>|</availability>|<variable>|</variable>|<name>|</name>|<value>|</value>|<!\\[CDATA\\[|\\]\\]>|<!--|-->|<a/>|5|,|\\{|\\}|\"|\\$@|@\\$|A\\*|&amp;|&| ){0,24}",
        path in "(activities/quiz_1/(quiz|module|logstores|calendar)\\.xml|groups\\.xml|badges\\.xml|sections/section_1/section\\.xml)",
    ) {
        let mut claims = Claims::new();
        let scanned = claims.scan_all(&part(&path), document.as_bytes());
        let map = claims.map(|_, id| id);
        let out = Rewriter::all(&part(&path), document.as_bytes(), &map, 0);
        prop_assert_eq!(scanned.is_ok(), out.is_ok());
        if let Ok(out) = out {
            prop_assert_eq!(out, document.as_bytes());
        }
    }

    #[test]
    fn any_bytes_are_taken(document in proptest::collection::vec(any::<u8>(), 0..60)) {
        let map = IdMap::new();
        let _ = Rewriter::all(&part("groups.xml"), &document, &map, 3);
    }
}
