//! The rare course's forum, chat, survey, feedback and choice.

use super::tasks::file;
use crate::sample::assembly::Activity;

pub(super) fn activities() -> Vec<Activity> {
    vec![
        Activity {
            module: "forum", id: 414, instance: 614, context: 1414, section: 0, kind: "general",
            title: "[[a/forum]]",
            body: FORUM.to_owned(),
            files: vec![
                file("mod_forum", "attachment", 4153, 910_071, "[[au/post-file]].txt", "[[au/post-content]]"),
                file("mod_forum", "post", 4153, 910_071, "[[au/post-picture]].txt", "[[au/post-picture-content]]"),
            ],
            documents: vec![("grading.xml", "areas".to_owned())],
            ..Activity::default()
        },
        Activity {
            module: "chat", id: 411, instance: 611, context: 1411, section: 0,
            title: "[[a/chat]]",
            body: "intro: [[a/chat-intro]]
. introformat=1 keepdays=0 studentlogs=0 chattime=§1 schedule=0 timemodified=§1
messages
  message id=4161
    . userid=910090 groupid=11 issystem=0
    message_text: [[au/chat-message]]
    timestamp: §70
".to_owned(),
            ..Activity::default()
        },
        Activity {
            module: "survey", id: 410, instance: 610, context: 1410, section: 0,
            title: "[[a/survey]]",
            body: "intro: [[a/survey-intro]]
. introformat=1 template=1 questions=1,2 days=0 timecreated=§1 timemodified=§1 completionsubmit=0
answers
  answer id=4165
    . userid=910088 question=1 time=§70
    answer1: [[au/survey-answer]]
    answer2:
analysis
  analys id=4166
    userid: 910089
    notes: [[au/survey-notes]]
".to_owned(),
            ..Activity::default()
        },
        Activity {
            module: "feedback", id: 412, instance: 612, context: 1412, section: 0,
            title: "[[a/feedback]]",
            body: "intro: [[a/feedback-intro]]
. introformat=1 anonymous=1 email_notification=0 multiple_submit=0 autonumbering=1 site_after_submit= page_after_submit= page_after_submitformat=1 publish_stats=0 timeopen=0 timeclose=0 timemodified=§1 completionsubmit=0
items
  item id=4171
    . template=0
    name: [[a/feedback-item]]
    . label= presentation=30|5 typ=textarea hasvalue=1 position=1 required=0 dependitem=0 dependvalue= options=
completeds
  completed id=4172
    . userid=0 timemodified=§900 random_response=7 anonymous_response=1 courseid=0
    values
      value id=4173
        . item=4171 completed=4172
        value: [[au/feedback-anonymous]]
        course_id: 0
  completed id=4174
    . userid=910091 timemodified=§900 random_response=0 anonymous_response=2 courseid=0
    values
      value id=4175
        . item=4171 completed=4174
        value: [[au/feedback-named]]
        course_id: 0
".to_owned(),
            ..Activity::default()
        },
        Activity {
            module: "choice", id: 413, instance: 613, context: 1413, section: 0,
            title: "[[a/choice]]",
            body: "intro: [[a/choice-intro]]
. introformat=1 publish=0 showresults=1 display=0 allowupdate=1 allowmultiple=0 showunanswered=0 limitanswers=1 timeopen=0 timeclose=0 timemodified=§1 completionsubmit=0 showpreview=0 includeinactive=1 showavailable=0
options
  option id=4181
    text: [[a/choice-option]]
    . maxanswers=10 timemodified=§1
answers
  answer id=4182
    . userid=910092 optionid=4181 timemodified=§20
".to_owned(),
            ..Activity::default()
        },
    ]
}

const FORUM: &str = "intro: [[a/forum-intro]]
. introformat=1 duedate=0 cutoffdate=0 assessed=1 assesstimestart=0 assesstimefinish=0 scale=100 maxbytes=512000 maxattachments=3 forcesubscribe=0 trackingtype=1 rsstype=0 rssarticles=0 timemodified=§1 warnafter=0 blockafter=0 blockperiod=0 completiondiscussions=0 completionreplies=0 completionposts=0 displaywordcount=0 lockdiscussionafter=0 grade_forum=100
discussions
  discussion id=4151
    name: [[au/discussion]]
    . firstpost=4152 userid=910070 groupid=11 assessed=0 timemodified=§10 usermodified=910070 timestart=0 timeend=0 pinned=1 timelocked=0
    posts
      post id=4152
        . parent=0 userid=910070 created=§10 modified=§10 mailed=1
        subject: [[au/post-subject]]
        message: [[au/post]]
        . messageformat=1 messagetrust=0 attachment= totalscore=0 mailnow=0 privatereplyto=0
        ratings
          rating id=4154
            . component=mod_forum ratingarea=post scaleid=100 value=80 userid=910072 timecreated=§58 timemodified=§58
      post id=4153
        . parent=4152 userid=910071 created=§11 modified=§11 mailed=1
        subject: Re
        message: [[au/reply]]
        . messageformat=1 messagetrust=0 attachment=1 totalscore=0 mailnow=0 privatereplyto=910070
        ratings
    discussion_subs
      discussion_sub id=4155
        . userid=910073 preference=§60
subscriptions
  subscription id=4156
    userid: 910074
digests
  digest id=4157
    . userid=910075 maildigest=1
readposts
  read id=4158
    . userid=910076 discussionid=4151 postid=4152 firstread=§12 lastread=§13
trackedprefs
  track id=4159
    userid: 910077
poststags
  tag id=4160
    itemid: 4152
    rawname: [[au/post-tag]]
grades
  grade id=41601
    . itemnumber=1 userid=910078 grade=70.00000 timecreated=§20 timemodified=§20
";
