//! The sample's activities in which students work: forums, assignment, glossary, wiki, database, workshop.

use super::assembly::{Activity, Attached};

/// What every forum has after its introduction.
const FORUM: &str = ". introformat=1 duedate=0 cutoffdate=0 assessed=1 assesstimestart=0 assesstimefinish=0 scale=100 maxbytes=512000 maxattachments=3 forcesubscribe=0 trackingtype=1 rsstype=0 rssarticles=0 timemodified=§1 warnafter=0 blockafter=0 blockperiod=0 completiondiscussions=0 completionreplies=0 completionposts=0 displaywordcount=0 lockdiscussionafter=0 grade_forum=0";

/// A submission's file.
const DRAWING: &[u8] = b"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"40\" height=\"30\"><rect width=\"40\" height=\"30\" fill=\"#fc0\"/></svg>\n";

pub(super) fn activities() -> Vec<Activity> {
    vec![
        Activity {
            module: "forum", id: 301, instance: 81, context: 301, section: 0, kind: "news",
            title: "Announcements",
            body: format!("intro: <p>News from the apiary.</p>\n{FORUM}\n{NEWS}"),
            documents: vec![("grading.xml", "areas".to_owned())],
            ..Activity::default()
        },
        Activity {
            module: "forum", id: 310, instance: 90, context: 310, section: 2, kind: "general",
            title: "Ask the class",
            body: format!("intro: <p>No question is too small.</p>\n{FORUM}\n{TALK}"),
            group_mode: 2,
            grouping: 15,
            files: vec![Attached { component: "mod_forum", area: "attachment", item: 3104, name: "skizze.svg", mime: "image/svg+xml", user: 104, content: DRAWING.to_vec(), ..Attached::default() }],
            documents: vec![("grading.xml", "areas".to_owned())],
            ..Activity::default()
        },
        Activity {
            module: "assign", id: 311, instance: 92, context: 311, section: 2,
            title: "Plan your bee year",
            body: ASSIGN.to_owned(),
            files: vec![Attached { component: "assignsubmission_file", area: "submission_files", item: 3112, name: "plan.svg", mime: "image/svg+xml", user: 104, content: DRAWING.to_vec(), ..Attached::default() }],
            completion: 2,
            grade: Some((73, 100, vec![(103, "87.50000"), (104, "64.00000")])),
            documents: vec![("grading.xml", "areas
  area id=3118
    . areaname=submissions activemethod=~
    definitions".to_owned()),
                ("calendar.xml", "events
  event id=102
    name: Plan your bee year is due
    . description= format=1 courseid=21 groupid=0 userid=101 repeatid=0 modulename=assign instance=92 type=1 eventtype=due timestart=§480 timeduration=0 timesort=§480 visible=1 uuid= sequence=1 timemodified=§3 priority=~ location=~".to_owned())],
            ..Activity::default()
        },
        Activity {
            module: "glossary", id: 308, instance: 88, context: 308, section: 1,
            title: "Words of the trade",
            body: GLOSSARY.to_owned(),
            documents: vec![("comments.xml", "comments
  comment id=3088
    . component=mod_glossary commentarea=glossary_entry itemid=3081
    content: In my village we say “brecina”.
    . format=0 userid=104 timecreated=§70".to_owned())],
            ..Activity::default()
        },
        Activity {
            module: "wiki", id: 316, instance: 96, context: 316, section: 3,
            title: "Our harvest diary",
            body: WIKI.to_owned(),
            ..Activity::default()
        },
        Activity {
            module: "data", id: 317, instance: 97, context: 317, section: 3,
            title: "Plants for bees",
            body: DATA.to_owned(),
            ..Activity::default()
        },
        Activity {
            module: "workshop", id: 318, instance: 98, context: 318, section: 3,
            title: "Label for a honey jar",
            body: WORKSHOP.to_owned(),
            grade: Some((76, 80, vec![(105, "72.00000")])),
            ..Activity::default()
        },
    ]
}

const NEWS: &str = "discussions
  discussion id=3011
    name: The bees have arrived
    . firstpost=3012 userid=101 groupid=-1 assessed=0 timemodified=§10 usermodified=101 timestart=0 timeend=0 pinned=1 timelocked=0
    posts
      post id=3012
        . parent=0 userid=101 created=§10 modified=§10 mailed=1
        subject: The bees have arrived
        message: <p>Three colonies, calm and healthy. 🐝🐝🐝</p>
        . messageformat=1 messagetrust=0 attachment= totalscore=0 mailnow=0 privatereplyto=0
        ratings
    discussion_subs
subscriptions
digests
readposts
trackedprefs
poststags
grades
";

const TALK: &str = "discussions
  discussion id=3101
    name: Why do they hum? – «Warum?»
    . firstpost=3102 userid=103 groupid=-1 assessed=0 timemodified=§60 usermodified=104 timestart=0 timeend=0 pinned=0 timelocked=0
    posts
      post id=3102
        . parent=0 userid=103 created=§55 modified=§55 mailed=1
        subject: Why do they hum? – «Warum?»
        message: <p>Mine hum at A♭. Is that <b>normal</b>?</p>
        . messageformat=1 messagetrust=0 attachment= totalscore=0 mailnow=0 privatereplyto=0
        ratings
          rating id=3103
            . component=mod_forum ratingarea=post scaleid=100 value=80 userid=101 timecreated=§58 timemodified=§58
      post id=3104
        . parent=3102 userid=104 created=§60 modified=§60 mailed=1
        subject: Re: Why do they hum? – «Warum?»
        message: <p>Yes: 230 wing beats a second. I drew it.</p>¶<p>See also $@FORUMDISCUSSIONVIEW*3105@$</p>
        . messageformat=1 messagetrust=0 attachment=1 totalscore=0 mailnow=0 privatereplyto=0
        ratings
    discussion_subs
      discussion_sub id=3108
        . userid=104 preference=§60
  discussion id=3105
    name: 蜜蜂の色
    . firstpost=3106 userid=105 groupid=12 assessed=0 timemodified=§80 usermodified=105 timestart=0 timeend=0 pinned=0 timelocked=0
    posts
      post id=3106
        . parent=0 userid=105 created=§80 modified=§80 mailed=0
        subject: 蜜蜂の色
        message: <p>ミツバチは赤が見えません。</p>
        . messageformat=1 messagetrust=0 attachment= totalscore=0 mailnow=0 privatereplyto=0
        ratings
    discussion_subs
subscriptions
  subscription id=3109
    userid: 103
digests
readposts
trackedprefs
poststags
grades
";

const ASSIGN: &str = "intro: <p>One page: what will you do in each month?</p>
. introformat=1 alwaysshowdescription=1 submissiondrafts=0 sendnotifications=0 sendlatenotifications=0 sendstudentnotifications=1 duedate=§480 cutoffdate=0 gradingduedate=§700 allowsubmissionsfromdate=§24 grade=100 timemodified=§1 completionsubmit=1 requiresubmissionstatement=0 teamsubmission=0 requireallteammemberssubmit=0 teamsubmissiongroupingid=0 blindmarking=0 hidegrader=0 revealidentities=0 attemptreopenmethod=untilpass maxattempts=1 markingworkflow=0 markingallocation=0 markinganonymous=0 preventsubmissionnotingroup=0 activity= activityformat=1 timelimit=0 submissionattachments=0
userflags
submissions
  submission id=3111
    . userid=103 timecreated=§300 timemodified=§301 timestarted=~ status=submitted groupid=0 attemptnumber=0 latest=1
    subplugin_assignsubmission_file_submission
    subplugin_assignsubmission_onlinetext_submission
      submission_onlinetext
        onlinetext: <p>March: look, don't touch.<br>May: swarm watch.</p>
        . onlineformat=1 submission=3111
  submission id=3112
    . userid=104 timecreated=§310 timemodified=§310 timestarted=~ status=submitted groupid=0 attemptnumber=0 latest=1
    subplugin_assignsubmission_file_submission
      submission_file
        . numfiles=1 submission=3112
    subplugin_assignsubmission_onlinetext_submission
grades
  grade id=3113
    . userid=103 timecreated=§700 timemodified=§700 grader=101 grade=87.50000 attemptnumber=0
    subplugin_assignfeedback_comments_grade
      feedback_comments
        commenttext: <p>Très bien, Noor!</p>
        . commentformat=1 grade=3113
    subplugin_assignfeedback_editpdf_grade
      feedback_editpdf_files
      feedback_editpdf_annotations
      feedback_editpdf_comments
      feedback_editpdf_rotation
    subplugin_assignfeedback_file_grade
  grade id=3114
    . userid=104 timecreated=§701 timemodified=§701 grader=101 grade=64.00000 attemptnumber=0
    subplugin_assignfeedback_comments_grade
    subplugin_assignfeedback_editpdf_grade
      feedback_editpdf_files
      feedback_editpdf_annotations
      feedback_editpdf_comments
      feedback_editpdf_rotation
    subplugin_assignfeedback_file_grade
plugin_configs
  plugin_config id=3115
    . plugin=onlinetext subtype=assignsubmission name=enabled value=1
  plugin_config id=3116
    . plugin=file subtype=assignsubmission name=enabled value=1
  plugin_config id=3117
    . plugin=comments subtype=assignfeedback name=enabled value=1
overrides
  override id=3119
    . groupid=11 userid=~ sortorder=1 allowsubmissionsfromdate=~ duedate=§504 cutoffdate=~ timelimit=~
  override id=3120
    . groupid=~ userid=105 sortorder=~ allowsubmissionsfromdate=~ duedate=§528 cutoffdate=~ timelimit=~
";

const GLOSSARY: &str = "intro: <p>Add the words you stumble over.</p>
. introformat=1 allowduplicatedentries=0 displayformat=dictionary mainglossary=0 showspecial=1 showalphabet=1 showall=1 allowcomments=1 allowprintview=1 usedynalink=1 defaultapproval=1 globalglossary=0 entbypage=10 editalways=0 rsstype=0 rssarticles=0 assessed=0 assesstimestart=0 assesstimefinish=0 scale=0 timecreated=§1 timemodified=§1 completionentries=0
entries
  entry id=3081
    userid: 103
    concept: Heather honey
    definition: <p>Thixotropic: it gels in the comb.</p>
    . definitionformat=1 definitiontrust=0 attachment= timecreated=§65 timemodified=§65 teacherentry=0 sourceglossaryid=0 usedynalink=1 casesensitive=0 fullmatch=1 approved=1
    aliases
      alias id=3083
        alias_text: ling honey
    ratings
  entry id=3082
    . userid=101 concept=Größe
    definition: <p>A worker is 12–15 mm long.</p>
    . definitionformat=1 definitiontrust=0 attachment= timecreated=§5 timemodified=§5 teacherentry=1 sourceglossaryid=0 usedynalink=0 casesensitive=0 fullmatch=0 approved=1
    aliases
    ratings
entriestags
categories
  category id=3084
    . name=Honey usedynalink=0
    category_entries
      category_entry id=3085
        entryid: 3081
";

const WIKI: &str = "intro: <p>Write down what you harvested.</p>
. introformat=1 timecreated=§1 timemodified=§1
firstpagetitle: Diary
. wikimode=collaborative defaultformat=html forceformat=1 editbegin=0 editend=0
subwikis
  subwiki id=3161
    . groupid=0 userid=0
    pages
      page id=3162
        title: Diary
        cachedcontent: <p>12 kg of lime honey.</p>
        . timecreated=§600 timemodified=§610 timerendered=§610 userid=104 pageviews=7 readonly=0
        versions
          version id=3163
            . content= contentformat=html version=0 timecreated=§600 userid=103
          version id=3164
            content: <p>12 kg of lime honey.</p>
            . contentformat=html version=1 timecreated=§610 userid=104
        tags
    synonyms
    links
";

const DATA: &str = "intro: <p>What grows where you live?</p>
. introformat=1 comments=1 timeavailablefrom=0 timeavailableto=0 timeviewfrom=0 timeviewto=0 requiredentries=0 requiredentriestoview=0 maxentries=0 rssarticles=0
singletemplate: <p>[[Plant]] flowers in [[Month]]</p>
. listtemplate=~ listtemplateheader=~ listtemplatefooter=~ addtemplate=~ rsstemplate=~ rsstitletemplate=~ csstemplate=~ jstemplate=~ asearchtemplate=~ approval=0 manageapproved=1 scale=0 assessed=0 assesstimestart=0 assesstimefinish=0 defaultsort=0 defaultsortdir=0 editany=0 notification=0 timemodified=§1 config=~ completionentries=0
fields
  field id=3171
    . type=text name=Plant description= required=1 param1= param2= param3= param4=~ param5=~ param6=~ param7=~ param8=~ param9=~ param10=~
  field id=3172
    . type=menu name=Month description= required=0
    param1: March¶April¶May
    . param2= param3= param4=~ param5=~ param6=~ param7=~ param8=~ param9=~ param10=~
records
  record id=3173
    . userid=105 groupid=0 timecreated=§650 timemodified=§650 approved=1
    contents
      content id=3174
        . fieldid=3171 content=桜 content1=~ content2=~ content3=~ content4=~
      content id=3175
        . fieldid=3172 content=April content1=~ content2=~ content3=~ content4=~
    ratings
recordstags
";

const WORKSHOP: &str = "intro: <p>Draw it, then look at each other's.</p>
. introformat=1
instructauthors: <p>Name, year, weight.</p>
. instructauthorsformat=1
instructreviewers: <p>Be kind.</p>
. instructreviewersformat=1 timemodified=§1 phase=40 useexamples=0 usepeerassessment=1 useselfassessment=0 grade=80.00000 gradinggrade=20.00000 strategy=comments evaluation=best gradedecimals=0 submissiontypetext=1 submissiontypefile=1 nattachments=1 submissionfiletypes=~ latesubmissions=0 maxbytes=0 examplesmode=0 submissionstart=0 submissionend=0 assessmentstart=0 assessmentend=0 conclusion= conclusionformat=1 overallfeedbackmode=1 overallfeedbackfiles=0 overallfeedbackfiletypes=~ overallfeedbackmaxbytes=0
subplugin_workshopform_accumulative_workshop
subplugin_workshopform_comments_workshop
  workshopform_comments_dimension id=3181
    sort: 1
    description: <p>Could you read it in a shop?</p>
    descriptionformat: 1
subplugin_workshopform_numerrors_workshop
subplugin_workshopform_rubric_workshop
subplugin_workshopeval_best_workshop
examplesubmissions
submissions
  submission id=3182
    . authorid=105 timecreated=§800 timemodified=§800
    title: 京都の蜂蜜
    content: <p>京都の蜂蜜 2025 – 500 g</p>
    . contentformat=1 contenttrust=0 attachment=0 grade=72.00000 gradeover=~ gradeoverby=~ feedbackauthor=~ feedbackauthorformat=0 timegraded=~ published=0 late=0
    assessments
      assessment id=3183
        . reviewerid=106 weight=1 timecreated=§810 timemodified=§811 grade=90.00000 gradinggrade=~ gradinggradeover=~ gradinggradeoverby=~
        feedbackauthor: <p>Lovely.</p>
        . feedbackauthorformat=1 feedbackauthorattachment=0 feedbackreviewer= feedbackreviewerformat=0
        subplugin_workshopform_accumulative_assessment
        subplugin_workshopform_comments_assessment
        subplugin_workshopform_numerrors_assessment
        subplugin_workshopform_rubric_assessment
aggregations
";
