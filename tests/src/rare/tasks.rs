//! The rare course's assignment with everything an activity can have beside its own document, and its quiz.

use super::people::TEACHER;
use crate::sample::assembly::{Activity, Attached};

/// A text file in an area of an activity.
pub(super) fn file(
    component: &'static str,
    area: &'static str,
    item: u32,
    user: u32,
    name: &'static str,
    content: &'static str,
) -> Attached {
    Attached {
        component,
        area,
        item,
        name,
        mime: "text/plain",
        user,
        content: content.as_bytes().to_vec(),
        ..Attached::default()
    }
}

pub(super) fn activities() -> Vec<Activity> {
    vec![
        Activity {
            module: "assign", id: 401, instance: 601, context: 1401, section: 0,
            title: "[[a/assign]]",
            body: ASSIGN.to_owned(),
            files: vec![
                Attached { author: "[[an/assign-author]]", ..file("mod_assign", "introattachment", 0, TEACHER, "[[a/assign-file]].txt", "[[a/assign-content]]") },
                Attached { author: "[[aun/submission-author]]", ..file("assignsubmission_file", "submission_files", 4011, 910_011, "[[au/submission-file]].txt", "[[au/submission-content]]") },
                file("assignsubmission_onlinetext", "submissions_onlinetext", 4011, 910_011, "[[au/online-file]].txt", "[[au/online-content]]"),
                file("assignfeedback_file", "feedback_files", 4012, TEACHER, "[[au/feedback-file-of]].txt", "[[au/feedback-content-of]]"),
                file("assignfeedback_editpdf", "stamps", 4012, TEACHER, "[[au/stamp-file]].txt", "[[au/stamp-content]]"),
                file("grading", "description", 4022, TEACHER, "[[a/rubric-file]].txt", "[[a/rubric-content]]"),
                file("gradingform_sketch", "remark", 4027, TEACHER, "[[au/remark-file]].txt", "[[au/remark-content]]"),
                file("plagiarism_check", "report", 4011, 910_011, "[[au/report-file]].txt", "[[au/report-content]]"),
            ],
            completion: 2,
            items: vec![71],
            documents: vec![
                ("grading.xml", GRADING.to_owned()),
                ("calendar.xml", CALENDAR.to_owned()),
                ("comments.xml", "comments
  comment id=4031
    . component=assignsubmission_comments commentarea=submission_comments itemid=4011
    content: [[auc/submission-comment]]
    . format=0 userid=910017 timecreated=§70".to_owned()),
                ("completion.xml", "completions
  completion id=4032
    . userid=910018 completionstate=1 timemodified=§50
  completionviews
    completionview id=4033
      . userid=910022 timecreated=§50".to_owned()),
                ("grade_history.xml", "grade_history
  grade_grades
    grade_grade id=4034
      . action=2 oldid=4036 source=mod/assign loggeduser=810001 itemid=71 userid=910019 rawgrade=~ rawgrademax=100.00000 rawgrademin=0.00000 rawscaleid=~ usermodified=810001 finalgrade=1.00000 hidden=0 locked=0 locktime=0 exported=0 overridden=0 excluded=0
      feedback: [[auh/assign-past]]
      . feedbackformat=1 information=~ informationformat=0 timemodified=§4".to_owned()),
                ("grades.xml", GRADES.to_owned()),
                ("roles.xml", "roles
  role_overrides
    override id=4037
      . roleid=5 capability=[[a/assign-override]] permission=1 timemodified=§1 modifierid=810001
  role_assignments
    assignment id=4038
      . roleid=5 userid=910020 timemodified=§1 modifierid=810001
      component: [[aur/assign-role]]
      . itemid=0 sortorder=0".to_owned()),
                ("filters.xml", "filters
  filter_actives
    filter_active
      . filter=[[af/assign-filter]] active=-1
  filter_configs
    filter_config
      . filter=x name=y value=[[af/assign-filter-value]]".to_owned()),
                ("competencies.xml", "course_module_competencies
  competencies
    competency
      . idnumber=[[a/assign-competency]] ruleoutcome=0 sortorder=0 frameworkidnumber=f overridegrade=0".to_owned()),
                ("logs.xml", "logs
  log id=4039
    . time=§60 userid=910001 ip=198.51.100.7 module=assign action=view url=view.php
    info: [[aul/assign-log]]".to_owned()),
            ],
            ..Activity::default()
        },
        Activity {
            module: "quiz", id: 402, instance: 602, context: 1402, section: 0,
            title: "[[a/quiz]]",
            body: QUIZ.to_owned(),
            files: vec![
                file("mod_quiz", "feedback", 4052, TEACHER, "[[a/quiz-file]].txt", "[[a/quiz-content]]"),
                file("question", "response_attachments", 4058, 910_032, "[[au/response-file]].txt", "[[au/response-content]]"),
                file("quizaccess_seb", "filemanager_sebconfigfile", 0, TEACHER, "[[a/seb-file]].txt", "[[a/seb-content]]"),
            ],
            categories: vec![81, 82],
            ..Activity::default()
        },
    ]
}

const ASSIGN: &str = "intro: [[a/assign-intro]]
. introformat=1 alwaysshowdescription=1 submissiondrafts=0 sendnotifications=0 sendlatenotifications=0 sendstudentnotifications=1 duedate=§480 cutoffdate=0 gradingduedate=§700 allowsubmissionsfromdate=§24 grade=100 timemodified=§1 completionsubmit=1 requiresubmissionstatement=0 teamsubmission=0 requireallteammemberssubmit=0 teamsubmissiongroupingid=15 blindmarking=0 hidegrader=0 revealidentities=0 attemptreopenmethod=untilpass maxattempts=1 markingworkflow=0 markingallocation=0 markinganonymous=0 preventsubmissionnotingroup=0
activity: [[a/assign-activity]]
. activityformat=1 timelimit=0 submissionattachments=0
userflags
  userflag id=4010
    . userid=910010 locked=0 mailed=0 extensionduedate=§600 workflowstate=[[au/flag]] allocatedmarker=810001
submissions
  submission id=4011
    . userid=910011 timecreated=§300 timemodified=§301 timestarted=~ status=submitted groupid=0 attemptnumber=0 latest=1
    subplugin_assignsubmission_onlinetext_submission
      submission_onlinetext
        onlinetext: [[au/online]]
        . onlineformat=1 submission=4011
grades
  grade id=4012
    . userid=910012 timecreated=§700 timemodified=§700 grader=810001 grade=87.50000 attemptnumber=0
    subplugin_assignfeedback_comments_grade
      feedback_comments
        commenttext: [[au/feedback-comment]]
        . commentformat=1 grade=4012
    subplugin_assignfeedback_editpdf_grade
      feedback_editpdf_files
      feedback_editpdf_annotations
        annotations
          . gradeid=4012 pageno=0 type=line x=1 y=2 endx=3 endy=4
          path: [[au/annotation]]
          . colour=red draft=0
      feedback_editpdf_comments
      feedback_editpdf_rotation
plugin_configs
  plugin_config id=4015
    . plugin=onlinetext subtype=assignsubmission name=enabled value=[[a/assign-config]]
overrides
  override id=4016
    . groupid=11 userid=~ sortorder=1 allowsubmissionsfromdate=~ duedate=§504 cutoffdate=~ timelimit=~
  override id=4017
    . groupid=~ userid=910013 sortorder=~ allowsubmissionsfromdate=~ duedate=§528 cutoffdate=~ timelimit=~
";

/// A rubric, which is in use, and a marking guide; each with what was filled in.
const GRADING: &str = "areas
  area id=4021
    . areaname=submissions activemethod=rubric
    definitions
      definition id=4022
        . method=rubric
        name: [[a/rubric]]
        . description= descriptionformat=1 status=20 timecreated=§1 timemodified=§1 options=~
        plugin_gradingform_rubric_definition
          criteria
            criterion id=4023
              sortorder: 1
              description: [[a/rubric-criterion]]
              descriptionformat: 0
              levels
                level id=4024
                  score: 0.00000
                  definition: [[a/rubric-level]]
                  definitionformat: 0
        instances
          instance id=4025
            . raterid=910016 itemid=4012 rawgrade=50.00000 status=1
            feedback: [[au/rubric-feedback]]
            . feedbackformat=0 timemodified=§700
            plugin_gradingform_rubric_instance
              fillings
                filling id=4026
                  . criterionid=4023 levelid=4024
                  remark: [[au/rubric-filling]]
                  remarkformat: 0
      definition id=4027
        . method=guide
        name: [[a/guide]]
        . description= descriptionformat=1 status=20 timecreated=§1 timemodified=§1 options=~
        plugin_gradingform_guide_definition
          guidecriteria
            guidecriterion id=4028
              . sortorder=1 shortname=s
              description: [[a/guide-criterion]]
              . descriptionformat=0
              descriptionmarkers: [[a/guide-markers]]
              . descriptionmarkersformat=0 maxscore=5.00000
          guidecomments
            guidecomment id=4029
              sortorder: 1
              description: [[a/guide-comment]]
              descriptionformat: 0
        instances
          instance id=4030
            . raterid=910015 itemid=4012 rawgrade=50.00000 status=3 feedback= feedbackformat=0 timemodified=§700
            plugin_gradingform_guide_instance
              fillings
                filling id=40301
                  criterionid: 4028
                  remark: [[au/guide-filling]]
                  . remarkformat=0 score=3.00000
";

/// When it is due, for everybody, for a group, and for one person.
const CALENDAR: &str = "events
  event id=4041
    name: [[a/due]]
    . description= format=1 courseid=22 groupid=0 userid=810003 repeatid=0 modulename=assign instance=601 type=1 eventtype=due timestart=§480 timeduration=0 timesort=§480 visible=1 uuid= sequence=1 timemodified=§3 priority=~ location=~
  event id=4042
    name: [[a/due-group]]
    . description= format=1 courseid=22 groupid=11 userid=0 repeatid=0 modulename=assign instance=601 type=1 eventtype=due timestart=§504 timeduration=0 timesort=§504 visible=1 uuid= sequence=1 timemodified=§3 priority=1 location=~
  event id=4043
    name: [[au/due-person]]
    . description= format=1 courseid=0 groupid=0 userid=910014 repeatid=0 modulename=assign instance=601 type=1 eventtype=due timestart=§528 timeduration=0 timesort=§528 visible=1 uuid= sequence=1 timemodified=§3 priority=~ location=~
";

const GRADES: &str = "activity_gradebook
  grade_items
    grade_item id=71
      . categoryid=61
      itemname: [[a/assign-item]]
      . itemtype=mod itemmodule=assign iteminstance=601 itemnumber=0 iteminfo=~ idnumber= calculation=~ gradetype=1 grademax=100.00000 grademin=0.00000 scaleid=~ outcomeid=~ gradepass=0.00000 multfactor=1.00000 plusfactor=0.00000 aggregationcoef=0.00000 aggregationcoef2=0.33333 weightoverride=0 sortorder=1 display=0 decimals=~ hidden=0 locked=0 locktime=0 needsupdate=0 timecreated=§1 timemodified=§1
      grade_grades
        grade_grade id=4036
          . userid=910021 rawgrade=87.50000 rawgrademax=100.00000 rawgrademin=0.00000 rawscaleid=~ usermodified=810001 finalgrade=87.50000 hidden=0 locked=0 locktime=0 exported=0 overridden=0 excluded=0
          feedback: [[au/assign-grade]]
          . feedbackformat=1 information=~ informationformat=0 timecreated=§700 timemodified=§700 aggregationstatus=used aggregationweight=0.33333
  grade_letters
";

const QUIZ: &str = "intro: [[a/quiz-intro]]
. introformat=1 timeopen=0 timeclose=0 timelimit=0 overduehandling=autosubmit graceperiod=0 preferredbehaviour=deferredfeedback canredoquestions=0 attempts_number=2 attemptonlast=0 grademethod=1 decimalpoints=2 questiondecimalpoints=-1 reviewattempt=69888 reviewcorrectness=4352 reviewmaxmarks=69888 reviewmarks=4352 reviewspecificfeedback=4352 reviewgeneralfeedback=4352 reviewrightanswer=4352 reviewoverallfeedback=4352 questionsperpage=1 navmethod=free shuffleanswers=1 sumgrades=1.00000 grade=10.00000 timecreated=§2 timemodified=§2
password: [[a/quiz-password]]
. subnet= browsersecurity=- delay1=0 delay2=0 showuserpicture=0 showblocks=0 completionattemptsexhausted=0 completionminattempts=0 allowofflineattempts=0
subplugin_quizaccess_seb_quiz
  quizaccess_seb_quizsettings id=4050
    . templateid=0 requiresafeexambrowser=1
    linkquitseb: [[a/quiz-seb]]
    . usermodified=810001 timecreated=§1 timemodified=§1
quiz_grade_items
question_instances
  question_instance id=4051
    . quizid=602 slot=1 page=1 displaynumber=~ requireprevious=0 maxmark=1.0000000 quizgradeitemid=~
    question_reference id=4051
      . usingcontextid=1402 component=mod_quiz questionarea=slot questionbankentryid=401 version=~
sections
  section id=4053
    . firstslot=1
    heading: [[a/quiz-heading]]
    shufflequestions: 0
feedbacks
  feedback id=4052
    feedbacktext: [[a/quiz-feedback]]
    . feedbacktextformat=1 mingrade=5.00000 maxgrade=11.00000
overrides
  override id=4054
    . userid=~ groupid=11 timeopen=~ timeclose=~ timelimit=~ attempts=3 password=[[a/quiz-group-password]]
  override id=4055
    . userid=910030 groupid=~ timeopen=~ timeclose=~ timelimit=~ attempts=9 password=[[au/quiz-person-password]]
grades
  grade id=4056
    . userid=910031 gradeval=6.66667 timemodified=§401
attempts
  attempt id=4057
    . userid=910032 attemptnum=1 uniqueid=4057 layout=1,0 currentpage=0 preview=0 state=finished timestart=§400 timefinish=§401 timemodified=§401 timemodifiedoffline=0 timecheckstate=~ sumgrades=1.00000 gradednotificationsenttime=§401
    question_usage id=4057
      . component=mod_quiz preferredbehaviour=deferredfeedback
      question_attempts
        question_attempt id=40571
          . slot=1 behaviour=deferredfeedback questionid=421 variant=1 maxmark=1.0000000 minfraction=0.0000000 maxfraction=1.0000000 flagged=0
          questionsummary: [[au/quiz-summary]]
          rightanswer: False
          responsesummary: [[au/quiz-response]]
          timemodified: §401
          steps
            step id=4058
              . sequencenumber=0 state=todo fraction=~ timecreated=§400 userid=910032
              response
                variable
                  . name=answer value=[[au/quiz-answer]]
";
