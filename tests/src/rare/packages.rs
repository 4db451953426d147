//! The rare course's packages and tools: SCORM in two shapes, H5P, an external tool, a meeting, and the assignment of Moodle 2.

use super::people::TEACHER;
use super::tasks::file;
use crate::sample::assembly::Activity;

pub(super) fn activities() -> Vec<Activity> {
    vec![
        Activity {
            module: "scorm", id: 404, instance: 604, context: 1404, section: 1,
            title: "[[a/scorm]]",
            body: SCORM.to_owned(),
            files: vec![
                file("mod_scorm", "package", 0, TEACHER, "[[a/scorm-file]].zip", "[[a/scorm-content]]"),
                file("mod_scorm", "content", 0, TEACHER, "[[a/scorm-page]].html", "[[a/scorm-page-content]]"),
            ],
            ..Activity::default()
        },
        Activity {
            module: "h5pactivity", id: 405, instance: 605, context: 1405, section: 1,
            title: "[[a/h5p]]",
            body: ". timecreated=§1 timemodified=§1
intro: [[a/h5p-intro]]
. introformat=1 grade=100 displayoptions=15 enabletracking=1 grademethod=1 reviewmode=1
attempts
  attempt id=4091
    . h5pactivityid=605 userid=910062 timecreated=§70 timemodified=§71 attempt=1 rawscore=3 maxscore=4 scaled=0.75000 duration=60 completion=1 success=1
    results
      result id=4092
        . attemptid=4091 subcontent= timecreated=§71 interactiontype=choice
        description: [[au/h5p-description]]
        correctpattern: [\"0\"]
        response: [[au/h5p-response]]
        . additionals= rawscore=3 maxscore=4 duration=60 completion=1 success=1
".to_owned(),
            files: vec![file("mod_h5pactivity", "package", 0, TEACHER, "[[a/h5p-file]].h5p", "[[a/h5p-content]]")],
            documents: vec![("xapistate.xml", "states
  state id=4093
    . component=mod_h5pactivity userid=910063 itemid=1405 stateid=state
    statedata: [[au/xapi-state]]
    . registration=~ timecreated=§70 timemodified=§70".to_owned())],
            ..Activity::default()
        },
        Activity {
            module: "lti", id: 415, instance: 615, context: 1415, section: 1,
            title: "[[a/lti]]",
            body: "intro: [[a/lti-intro]]
. introformat=1 timecreated=§1 timemodified=§1 typeid=1 toolurl= securetoolurl= launchcontainer=1 instructorchoicesendname=1 instructorchoicesendemailaddr=1 instructorchoiceacceptgrades=1 instructorchoiceallowroster=0 instructorchoiceallowsetting=0 grade=100
instructorcustomparameters: [[a/lti-parameters]]
. debuglaunch=0 showtitlelaunch=0 showdescriptionlaunch=0 icon= secureicon=
ltitype id=1
  name: [[a/lti-type]]
  . createdby=810001 timecreated=§1
ltisubmissions
  ltisubmission id=4191
    . userid=910064 datesubmitted=§70 dateupdated=§70 gradepercent=1.0 originalgrade=1.0 launchid=[[au/lti-launch]] state=1
".to_owned(),
            ..Activity::default()
        },
        Activity {
            module: "bigbluebuttonbn", id: 416, instance: 616, context: 1416, section: 1,
            title: "[[a/meeting]]",
            body: "intro: [[a/meeting-intro]]
. introformat=1 type=0 course=22 meetingid=[[a/meeting-id]] moderatorpass=m viewerpass=v wait=0 record=1 timecreated=§1 timemodified=§1
participants: [{\"selectiontype\":\"all\",\"selectionid\":\"all\",\"role\":\"viewer\"}]
logs
  log id=4195
    . courseid=22 bigbluebuttonbnid=616 userid=910065 timecreated=§70 meetingid=m log=Join
    meta: [[au/meeting-log]]
recordings
  recording id=4196
    . courseid=22 bigbluebuttonbnid=616 groupid=0 recordingid=r headless=0 imported=0 status=2
    importeddata: [[au/meeting-recording]]
    timecreated: §71
".to_owned(),
            ..Activity::default()
        },
        Activity {
            module: "assignment", id: 417, instance: 617, context: 1417, section: 1,
            title: "[[a/old-assignment]]",
            body: "intro: [[a/old-assignment-intro]]
. introformat=1 assignmenttype=upload resubmit=0 preventlate=0 emailteachers=0 var1=1 var2=0 var3=0 var4=0 var5=0 maxbytes=0 timedue=0 timeavailable=0 grade=100 timemodified=§1
submissions
  submission id=4198
    . userid=910066 timecreated=§70 timemodified=§70 numfiles=1
    data1: [[au/old-submission]]
    . data2=submitted grade=50
    submissioncomment: [[au/old-comment]]
    . format=1 teacher=910067 timemarked=§71 mailed=1
".to_owned(),
            files: vec![
                file("mod_assignment", "submission", 4198, 910_066, "[[au/old-file]].txt", "[[au/old-content]]"),
                file("mod_assignment", "response", 4198, 910_067, "[[au/old-response]].txt", "[[au/old-response-content]]"),
            ],
            ..Activity::default()
        },
    ]
}

/// Tracks as elements and values, in one row each; and as attempts.
const SCORM: &str = "scormtype: local
reference: package.zip
intro: [[a/scorm-intro]]
. introformat=1 version=SCORM_1.2 maxgrade=100 grademethod=1 whatgrade=0 maxattempt=0 forcecompleted=0 forcenewattempt=0 lastattemptlock=0 masteryoverride=1 displayattemptstatus=1 displaycoursestructure=0 updatefreq=0 sha1hash= md5hash= revision=1 launch=4081 skipview=0 hidebrowse=0 hidetoc=0 nav=1 navpositionleft=-100 navpositiontop=-100 auto=0 popup=0 options= width=100 height=500 timeopen=0 timeclose=0 timemodified=§1 completionstatusrequired=~ completionscorerequired=~ completionstatusallscos=0 autocommit=0
scoes
  sco id=4081
    . manifest=m organization= parent=/ identifier=o launch= scormtype=
    title: [[a/sco]]
    sortorder: 1
    sco_datas
      sco_data id=4082
        name: isvisible
        value: [[a/sco-data]]
    seq_ruleconds
    seq_rolluprules
    seq_objectives
      seq_objective id=4083
        . primaryobj=1 objectiveid=[[a/objective]] satisfiedbymeasure=0 minnormalizedmeasure=0.0000
    sco_tracks
      sco_track id=4084
        . userid=910060 attempt=1 element=cmi.suspend_data
        value: [[au/track]]
        timemodified: §70
attempts
  attempt id=4085
    . userid=910061 attempt=1
    values
      value id=4086
        . scoid=4081 element=cmi.core.lesson_status
        value: [[au/track-value]]
        timemodified: §70
";
