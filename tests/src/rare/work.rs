//! The rare course's lesson, workshop, database, glossary and wiki.

use super::people::TEACHER;
use super::tasks::file;
use crate::sample::assembly::Activity;

pub(super) fn activities() -> Vec<Activity> {
    vec![
        Activity {
            module: "lesson",
            id: 403,
            instance: 603,
            context: 1403,
            section: 0,
            title: "[[a/lesson]]",
            body: LESSON.to_owned(),
            files: vec![
                file("mod_lesson", "page_contents", 4062, TEACHER, "[[a/lesson-file]].txt", "[[a/lesson-content]]"),
                file("mod_lesson", "essay_responses", 4064, TEACHER, "[[au/essay-file]].txt", "[[au/essay-content]]"),
            ],
            ..Activity::default()
        },
        Activity {
            module: "workshop",
            id: 406,
            instance: 606,
            context: 1406,
            section: 0,
            title: "[[a/workshop]]",
            body: WORKSHOP.to_owned(),
            files: vec![
                file(
                    "mod_workshop",
                    "instructauthors",
                    0,
                    TEACHER,
                    "[[a/workshop-file]].txt",
                    "[[a/workshop-content]]",
                ),
                file(
                    "workshopform_rubric",
                    "description",
                    4105,
                    TEACHER,
                    "[[a/dimension-file]].txt",
                    "[[a/dimension-content]]",
                ),
                file(
                    "mod_workshop",
                    "submission_attachment",
                    4107,
                    TEACHER,
                    "[[a/example-file]].txt",
                    "[[a/example-content]]",
                ),
                file(
                    "mod_workshop",
                    "overallfeedback_attachment",
                    4108,
                    TEACHER,
                    "[[a/reference-file]].txt",
                    "[[a/reference-content]]",
                ),
                file(
                    "mod_workshop",
                    "overallfeedback_attachment",
                    4109,
                    910_054,
                    "[[au/trial-file]].txt",
                    "[[au/trial-content]]",
                ),
                file(
                    "mod_workshop",
                    "submission_attachment",
                    4110,
                    910_050,
                    "[[au/entry-file]].txt",
                    "[[au/entry-content]]",
                ),
                file(
                    "mod_workshop",
                    "overallfeedback_content",
                    4111,
                    910_051,
                    "[[au/review-file]].txt",
                    "[[au/review-content]]",
                ),
            ],
            ..Activity::default()
        },
        Activity {
            module: "data",
            id: 407,
            instance: 607,
            context: 1407,
            section: 0,
            title: "[[a/data]]",
            body: DATA.to_owned(),
            files: vec![file("mod_data", "content", 4123, 910_080, "[[au/data-file]].txt", "[[au/data-content]]")],
            documents: vec![(
                "comments.xml",
                "comments
  comment id=4126
    . component=mod_data commentarea=database_entry itemid=4122
    content: [[auc/data-comment]]
    . format=0 userid=910082 timecreated=§70"
                    .to_owned(),
            )],
            ..Activity::default()
        },
        Activity {
            module: "glossary",
            id: 408,
            instance: 608,
            context: 1408,
            section: 0,
            title: "[[a/glossary]]",
            body: GLOSSARY.to_owned(),
            files: vec![
                file(
                    "mod_glossary",
                    "attachment",
                    4131,
                    910_083,
                    "[[au/glossary-file]].txt",
                    "[[au/glossary-content]]",
                ),
                file(
                    "mod_glossary",
                    "entry",
                    4131,
                    910_083,
                    "[[au/glossary-picture]].txt",
                    "[[au/glossary-picture-content]]",
                ),
            ],
            ..Activity::default()
        },
        Activity {
            module: "wiki",
            id: 409,
            instance: 609,
            context: 1409,
            section: 0,
            title: "[[a/wiki]]",
            body: WIKI.to_owned(),
            files: vec![file("mod_wiki", "attachments", 4141, 910_086, "[[au/wiki-file]].txt", "[[au/wiki-content]]")],
            ..Activity::default()
        },
    ]
}

const LESSON: &str = "intro: [[a/lesson-intro]]
. introformat=1 practice=0 modattempts=0 usepassword=0 password= dependency=0 conditions= grade=100 custom=1 ongoing=0 usemaxgrade=0 maxanswers=5 maxattempts=1 review=0 nextpagedefault=0 feedback=0 minquestions=0 maxpages=1 timelimit=0 retake=0 activitylink=0 mediafile= mediaheight=480 mediawidth=640 mediaclose=0 slideshow=0 width=640 height=480 bgcolor=#FFFFFF displayleft=0 displayleftif=0 progressbar=0 available=0 deadline=0 timemodified=§1 completionendreached=0 completiontimespent=0 allowofflineattempts=0
pages
  page id=4062
    . prevpageid=0 nextpageid=0 qtype=10 qoption=0 layout=1 display=1 timecreated=§1 timemodified=0
    title: [[a/lesson-page]]
    contents: [[a/lesson-page-content]]
    contentsformat: 1
    answers
      answer id=4063
        . jumpto=-1 grade=0 score=0 flags=0 timecreated=§1 timemodified=0
        answer_text: [[a/lesson-answer]]
        . response=~ answerformat=0 responseformat=0
        attempts
          attempt id=4064
            . userid=910040 retry=0 correct=1
            useranswer: [[au/lesson-essay]]
            timeseen: §201
    branches
      branch id=4065
        . userid=910041 retry=0 flag=0 timeseen=§200 nextpageid=0
grades
  grade id=4066
    . userid=910042 grade=100 late=0 completed=§201
highscores
  highscore id=4067
    . gradeid=4066 userid=910045
    nickname: [[au/nickname]]
timers
  timer id=4068
    . userid=910043 starttime=§200 lessontime=§201 completed=1 timemodifiedoffline=0
overrides
  override id=4069
    . groupid=11 userid=~ available=~ deadline=§600 timelimit=~ review=~ maxattempts=~ retake=~ password=[[a/lesson-group-password]]
  override id=4070
    . groupid=~ userid=910044 available=~ deadline=§600 timelimit=~ review=~ maxattempts=~ retake=~ password=[[au/lesson-person-password]]
";

const WORKSHOP: &str = "intro: [[a/workshop-intro]]
. introformat=1
instructauthors: [[a/workshop-authors]]
. instructauthorsformat=1 instructreviewers= instructreviewersformat=1 timemodified=§1 phase=40 useexamples=1 usepeerassessment=1 useselfassessment=0 grade=80.00000 gradinggrade=20.00000 strategy=rubric evaluation=best gradedecimals=0 submissiontypetext=1 submissiontypefile=1 nattachments=1 submissionfiletypes=~ latesubmissions=0 maxbytes=0 examplesmode=0 submissionstart=0 submissionend=0 assessmentstart=0 assessmentend=0 conclusion= conclusionformat=1 overallfeedbackmode=1 overallfeedbackfiles=1 overallfeedbackfiletypes=~ overallfeedbackmaxbytes=0
subplugin_workshopform_accumulative_workshop
  workshopform_accumulative_dimension id=4101
    sort: 1
    description: [[a/accumulative]]
    . descriptionformat=1 grade=10 weight=1
subplugin_workshopform_comments_workshop
subplugin_workshopform_numerrors_workshop
subplugin_workshopform_rubric_workshop
  workshopform_rubric_config
    layout: list
  workshopform_rubric_dimension id=4105
    sort: 1
    description: [[a/workshop-rubric]]
    descriptionformat: 1
    workshopform_rubric_level id=4106
      grade: 5.00000
      definition: [[a/workshop-level]]
      definitionformat: 1
subplugin_workshopeval_best_workshop
  workshopeval_best_settings
    comparison: 5
examplesubmissions
  examplesubmission id=4107
    . timecreated=§700 timemodified=§700
    title: [[a/example]]
    content: [[a/example-text]]
    . contentformat=1 contenttrust=0 attachment=1
    referenceassessment id=4108
      . timecreated=§700 timemodified=§700 grade=90.00000
      feedbackauthor: [[a/reference-feedback]]
      . feedbackauthorformat=1 feedbackauthorattachment=1
      subplugin_workshopform_rubric_referenceassessment
        workshopform_rubric_referencegrade id=41081
          . dimensionid=4105 grade=5.00000
    exampleassessments
      exampleassessment id=4109
        . reviewerid=910054 weight=0 timecreated=§710 timemodified=§711 grade=50.00000 gradinggrade=~ gradinggradeover=~ gradinggradeoverby=~
        feedbackauthor: [[au/trial]]
        . feedbackauthorformat=1 feedbackauthorattachment=1 feedbackreviewer= feedbackreviewerformat=0
        subplugin_workshopform_rubric_exampleassessment
          workshopform_rubric_examplegrade id=41091
            . dimensionid=4105 grade=5.00000
submissions
  submission id=4110
    . authorid=910050 timecreated=§800 timemodified=§800
    title: [[au/entry]]
    content: [[au/entry-text]]
    . contentformat=1 contenttrust=0 attachment=1 grade=72.00000 gradeover=70.00000 gradeoverby=910052
    feedbackauthor: [[au/entry-feedback]]
    . feedbackauthorformat=0 timegraded=~ published=0 late=0
    assessments
      assessment id=4111
        . reviewerid=910051 weight=1 timecreated=§810 timemodified=§811 grade=90.00000 gradinggrade=~ gradinggradeover=~ gradinggradeoverby=~
        feedbackauthor: [[au/review]]
        . feedbackauthorformat=1 feedbackauthorattachment=0
        feedbackreviewer: [[au/review-of-review]]
        feedbackreviewerformat: 0
        subplugin_workshopform_accumulative_assessment
          workshopform_accumulative_grade id=4112
            . dimensionid=4101 grade=9.00000
            peercomment: [[au/accumulative-comment]]
            peercommentformat: 1
        subplugin_workshopform_rubric_assessment
          workshopform_rubric_grade id=4113
            . dimensionid=4105 grade=5.00000
aggregations
  aggregation id=4114
    . userid=910053 gradinggrade=18.00000 timegraded=§820
";

const DATA: &str = "intro: [[a/data-intro]]
. introformat=1 comments=1 timeavailablefrom=0 timeavailableto=0 timeviewfrom=0 timeviewto=0 requiredentries=0 requiredentriestoview=0 maxentries=0 rssarticles=0
singletemplate: [[a/data-template]]
. listtemplate=~ listtemplateheader=~ listtemplatefooter=~ addtemplate=~ rsstemplate=~ rsstitletemplate=~ csstemplate=~ jstemplate=~ asearchtemplate=~ approval=0 manageapproved=1 scale=-33 assessed=1 assesstimestart=0 assesstimefinish=0 defaultsort=0 defaultsortdir=0 editany=0 notification=0 timemodified=§1 config=~ completionentries=0
fields
  field id=4121
    . type=text
    name: [[a/data-field]]
    . description= required=1 param1= param2= param3= param4=~ param5=~ param6=~ param7=~ param8=~ param9=~ param10=~
records
  record id=4122
    . userid=910080 groupid=11 timecreated=§650 timemodified=§650 approved=1
    contents
      content id=4123
        fieldid: 4121
        content: [[au/data-record]]
        . content1=~ content2=~ content3=~ content4=~
    ratings
      rating id=4124
        . component=mod_data ratingarea=entry scaleid=-33 value=2 userid=910081 timecreated=§58 timemodified=§58
recordstags
  tag id=4125
    itemid: 4122
    rawname: [[au/data-tag]]
";

const GLOSSARY: &str = "intro: [[a/glossary-intro]]
. introformat=1 allowduplicatedentries=0 displayformat=dictionary mainglossary=0 showspecial=1 showalphabet=1 showall=1 allowcomments=1 allowprintview=1 usedynalink=1 defaultapproval=1 globalglossary=0 entbypage=10 editalways=0 rsstype=0 rssarticles=0 assessed=1 assesstimestart=0 assesstimefinish=0 scale=10 timecreated=§1 timemodified=§1 completionentries=0
entries
  entry id=4131
    userid: 910083
    concept: [[au/concept]]
    definition: [[au/concept-definition]]
    . definitionformat=1 definitiontrust=0 attachment=1 timecreated=§65 timemodified=§65 teacherentry=0 sourceglossaryid=0 usedynalink=1 casesensitive=0 fullmatch=1 approved=1
    aliases
      alias id=4132
        alias_text: [[au/alias]]
    ratings
      rating id=4133
        . component=mod_glossary ratingarea=entry scaleid=10 value=8 userid=910084 timecreated=§58 timemodified=§58
entriestags
  tag id=4134
    itemid: 4131
    rawname: [[au/glossary-tag]]
categories
  category id=4135
    name: [[a/glossary-category]]
    usedynalink: 0
    category_entries
      category_entry id=4136
        entryid: 4131
";

const WIKI: &str = "intro: [[a/wiki-intro]]
. introformat=1 timecreated=§1 timemodified=§1
firstpagetitle: [[a/wiki-first]]
. wikimode=individual defaultformat=html forceformat=1 editbegin=0 editend=0
subwikis
  subwiki id=4141
    . groupid=0 userid=910085
    pages
      page id=4142
        title: [[au/wiki-page]]
        cachedcontent: [[au/wiki-text]]
        . timecreated=§600 timemodified=§610 timerendered=§610 userid=910086 pageviews=7 readonly=0
        versions
          version id=4143
            content: [[au/wiki-version]]
            . contentformat=html version=1 timecreated=§600 userid=910087
        tags
          tag id=4144
            . name=[[au/wiki-tag]] rawname=x
    synonyms
      synonym id=4145
        pageid: 4142
        pagesynonym: [[au/wiki-synonym]]
    links
      link id=4146
        . frompageid=4142 topageid=0
        tomissingpage: [[au/wiki-link]]
";
