//! The sample's activities that hold the teacher's material, and simple questions to the class.

use super::assembly::{Activity, Attached, TEACHER};
use super::course::BEE_PNG;

fn attached(
    component: &'static str,
    area: &'static str,
    name: &'static str,
    mime: &'static str,
    content: &[u8],
) -> Attached {
    Attached { component, area, item: 0, name, mime, user: TEACHER, content: content.to_vec(), ..Attached::default() }
}

const CHECKLIST: &str = "Before you open a hive\n\n1. Is it warmer than 12 °C?\n2. Is the smoker lit?\n3. Veil closed, gloves on?\n4. Who knows where you are?\n";

const SHOWN: &str = "a:2:{s:10:\"printintro\";i:0;s:17:\"printlastmodified\";i:1;}";

fn page(content: &str) -> String {
    format!(
        "intro: <p>Read this first.</p>\n. introformat=1\ncontent: {content}\n. contentformat=1 legacyfiles=0 legacyfileslast=~ display=5\ndisplayoptions: {SHOWN}\n. revision=1 timemodified=§1\n"
    )
}

pub(super) fn activities() -> Vec<Activity> {
    vec![
        Activity {
            module: "label", id: 302, instance: 82, context: 302, section: 0,
            title: "Safety first",
            body: "intro: <h4>Safety first</h4><p>Allergic to stings? Talk to us <b>before</b> the first visit.</p>\n. introformat=1 timemodified=§1\n".to_owned(),
            ..Activity::default()
        },
        Activity {
            module: "page", id: 303, instance: 83, context: 303, section: 1,
            title: "Who is who in the hive",
            body: page("<p>One queen, some hundreds of drones, up to 60,000 workers.</p><p><img src=\"@@PLUGINFILE@@/bee.png\" alt=\"bee\" /> See <a href=\"$@COURSEVIEWBYID*21@$\">the course</a> and <a href=\"$@GLOSSARYVIEWBYID*308@$\">the glossary</a>. 0 < 1 & 2 > 1.</p>"),
            files: vec![attached("mod_page", "content", "bee.png", "image/png", BEE_PNG)],
            completion: 2,
            documents: vec![("completion.xml", "completions
  completion id=3031
    . userid=103 completionstate=1 timemodified=§50
  completion id=3032
    . userid=104 completionstate=1 timemodified=§51
  completionviews
    completionview id=3033
      . userid=103 timecreated=§50
    completionview id=3034
      . userid=104 timecreated=§51".to_owned())],
            ..Activity::default()
        },
        Activity {
            module: "resource", id: 304, instance: 84, context: 304, section: 1,
            title: "Checklist (text)",
            body: "intro:\n. introformat=1 tobemigrated=0 legacyfiles=0 legacyfileslast=~ display=0\ndisplayoptions: a:1:{s:10:\"printintro\";i:1;}\n. filterfiles=0 revision=1 timemodified=§1\n".to_owned(),
            files: vec![attached("mod_resource", "content", "Prüfliste ✓.txt", "text/plain", CHECKLIST.as_bytes())],
            ..Activity::default()
        },
        Activity {
            module: "folder", id: 305, instance: 85, context: 305, section: 1,
            title: "Pictures and notes",
            body: "intro: <p>Add yours by mail.</p>\n. introformat=1 revision=1 timemodified=§1 display=0 showexpanded=1 showdownloadfolder=1 forcedownload=1\n".to_owned(),
            files: vec![
                attached("mod_folder", "content", "bee.png", "image/png", BEE_PNG),
                attached("mod_folder", "content", "weights.csv", "text/csv", b"week;kg\n18;21.4\n19;24.9\n20;31.0\n"),
                attached("mod_folder", "content", "empty.txt", "text/plain", b""),
            ],
            ..Activity::default()
        },
        Activity {
            module: "url", id: 306, instance: 86, context: 306, section: 1,
            title: "The beekeepers' association",
            body: "intro:\n. introformat=1\nexternalurl: https://association.example.org/?topic=start&lang=en\n. display=0\ndisplayoptions: a:1:{s:10:\"printintro\";i:1;}\nparameters: a:0:{}\n. timemodified=§1\n".to_owned(),
            ..Activity::default()
        },
        Activity {
            module: "book", id: 307, instance: 87, context: 307, section: 1,
            title: "A short book of bees",
            body: "intro: <p>Three pages.</p>
. introformat=1 numbering=1 navstyle=1 customtitles=0 timecreated=§1 timemodified=§1
chapters
  chapter id=3071
    . pagenum=1 subchapter=0
    title: The egg
    content: <p>Laid on day 0, hatched on day 3.</p>
    . contentformat=1 hidden=0 timemodified=§1 importsrc=
  chapter id=3072
    . pagenum=2 subchapter=1
    title: The larva
    content: <p>Fed 1,300 times a day.</p>
    . contentformat=1 hidden=0 timemodified=§1 importsrc=
  chapter id=3073
    . pagenum=3 subchapter=0
    title: The bee
    content: <p>21 days later: <i>a worker</i>.</p>
    . contentformat=1 hidden=1 timemodified=§1 importsrc=
chaptertags
".to_owned(),
            ..Activity::default()
        },
        Activity {
            module: "choice", id: 309, instance: 89, context: 309, section: 1,
            title: "When do we meet?",
            body: "intro: <p>Pick one.</p>
. introformat=1 publish=0 showresults=1 display=0 allowupdate=1 allowmultiple=0 showunanswered=0 limitanswers=1 timeopen=0 timeclose=0 timemodified=§1 completionsubmit=0 showpreview=0 includeinactive=1 showavailable=0
options
  option id=3091
    text: Seven in the morning
    . maxanswers=10 timemodified=§1
  option id=3092
    text: Six in the evening
    . maxanswers=10 timemodified=§1
answers
  answer id=3093
    . userid=103 optionid=3091 timemodified=§20
  answer id=3094
    . userid=105 optionid=3092 timemodified=§21
".to_owned(),
            ..Activity::default()
        },
        Activity {
            module: "lesson", id: 313, instance: 93, context: 313, section: 2,
            title: "Reading a frame",
            body: LESSON.to_owned(),
            grade: Some((75, 100, vec![(103, "100.00000")])),
            ..Activity::default()
        },
        Activity {
            module: "subsection", id: 314, instance: 91, context: 314, section: 2,
            title: "Varroa in depth",
            body: ". timemodified=§1\n".to_owned(),
            ..Activity::default()
        },
        Activity {
            module: "feedback", id: 315, instance: 94, context: 315, section: 3,
            title: "How was it?",
            body: "intro: <p>Two questions.</p>
. introformat=1 anonymous=1 email_notification=0 multiple_submit=0 autonumbering=1 site_after_submit=
page_after_submit: <p>Thank you!</p>
. page_after_submitformat=1 publish_stats=0 timeopen=0 timeclose=0 timemodified=§1 completionsubmit=0
items
  item id=3151
    template: 0
    name: How many stings did you get?
    . label=stings presentation=0|- typ=numeric hasvalue=1 position=1 required=0 dependitem=0 dependvalue= options=
  item id=3152
    template: 0
    name: What should we change?
    . label=change presentation=30|5 typ=textarea hasvalue=1 position=2 required=0 dependitem=0 dependvalue= options=
completeds
  completed id=3153
    . userid=104 timemodified=§900 random_response=0 anonymous_response=2 courseid=0
    values
      value id=3154
        . item=3151 completed=3153 value=2 course_id=0
      value id=3155
        . item=3152 completed=3153
        value: Más tiempo con las abejas – ¡gracias!
        . course_id=0
".to_owned(),
            ..Activity::default()
        },
        Activity {
            module: "page", id: 319, instance: 99, context: 319, section: 3,
            title: "For graduates only",
            body: page("<p>How to keep bees in town. Back to <a href=\"$@PAGEVIEWBYID*303@$\">the start</a>.</p>"),
            hidden: true,
            availability: "{\"op\":\"&\",\"c\":[{\"type\":\"completion\",\"cm\":303,\"e\":1},{\"type\":\"group\",\"id\":11}],\"showc\":[true,true]}",
            ..Activity::default()
        },
        Activity {
            module: "page", id: 320, instance: 100, context: 320, section: 4,
            title: "Counting mites",
            body: page("<p>Sugar, a jar, and <sup>100</sup>/<sub>3</sub> bees.</p>"),
            ..Activity::default()
        },
    ]
}

const LESSON: &str = "intro: <p>Look closely.</p>
. introformat=1 practice=0 modattempts=0 usepassword=0 password= dependency=0
conditions: O:8:\"stdClass\":3:{s:9:\"timespent\";i:0;s:9:\"completed\";i:0;s:15:\"gradebetterthan\";i:0;}
. grade=100 custom=1 ongoing=0 usemaxgrade=0 maxanswers=5 maxattempts=1 review=0 nextpagedefault=0 feedback=0 minquestions=0 maxpages=1 timelimit=0 retake=0 activitylink=0 mediafile= mediaheight=480 mediawidth=640 mediaclose=0 slideshow=0 width=640 height=480 bgcolor=#FFFFFF displayleft=0 displayleftif=0 progressbar=0 available=0 deadline=0 timemodified=§1 completionendreached=0 completiontimespent=0 allowofflineattempts=0
pages
  page id=3131
    . prevpageid=0 nextpageid=3132 qtype=20 qoption=0 layout=1 display=1 timecreated=§1 timemodified=0
    title: Brood
    contents: <p>Pearly larvae in the centre, capped cells around them.</p>
    contentsformat: 1
    answers
      answer id=3134
        . jumpto=-1 grade=0 score=0 flags=0 timecreated=§1 timemodified=0
        answer_text: Go on
        . response=~ answerformat=0 responseformat=0
        attempts
    branches
      branch id=3139
        . userid=103 retry=0 flag=0 timeseen=§200 nextpageid=3132
  page id=3132
    . prevpageid=3131 nextpageid=0 qtype=2 qoption=0 layout=0 display=0 timecreated=§1 timemodified=0
    title: Is the queen there?
    contents: <p>You see fresh eggs but no queen. Was she here this week?</p>
    contentsformat: 1
    answers
      answer id=3135
        . jumpto=-9 grade=0 score=1 flags=0 timecreated=§1 timemodified=0
        answer_text: True
        response: <p>Eggs are at most three days old.</p>
        . answerformat=1 responseformat=1
        attempts
          attempt id=3136
            . userid=103 retry=0 correct=1 useranswer=~ timeseen=§201
      answer id=3137
        . jumpto=0 grade=0 score=0 flags=0 timecreated=§1 timemodified=0
        answer_text: False
        . response=~ answerformat=1 responseformat=0
        attempts
    branches
grades
  grade id=3138
    . userid=103 grade=100 late=0 completed=§201
timers
  timer id=3140
    . userid=103 starttime=§200 lessontime=§201 completed=1 timemodifiedoffline=0
overrides
";
