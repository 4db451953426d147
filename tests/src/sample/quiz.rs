//! The sample's question bank and the quiz that uses it.

use super::assembly::Activity;

/// `questions.xml`: three questions in one category.
pub(super) fn bank() -> String {
    let mut text = String::from(
        "question_categories
  question_category id=81
    . name=top contextid=210 contextlevel=50 contextinstanceid=21 info= infoformat=0 stamp=learn.example.org+250303090000+beeTop parent=0 sortorder=0 idnumber=~
    question_bank_entries
  question_category id=82
    name: Bees – Grundlagen
    . contextid=210 contextlevel=50 contextinstanceid=21 info= infoformat=1 stamp=learn.example.org+250303090001+beeCat parent=81 sortorder=999 idnumber=basics
    question_bank_entries
",
    );
    text += &question(401, "truefalse", "Drones sting", "<p>Drones can sting.</p>", TRUE_FALSE);
    text += &question(402, "multichoice", "Legs", "<p>How many legs has a bee?</p>", MULTICHOICE);
    text += &question(403, "shortanswer", "Mite", "<p>Name the mite beekeepers fear most.</p>", SHORT_ANSWER);
    text
}

fn question(id: u32, kind: &str, name: &str, asked: &str, own: &str) -> String {
    let own = crate::outline::indented(own, 8);
    format!(
        "      question_bank_entry id={id}
        . questioncategoryid=82 idnumber=~ ownerid=101
        question_version
          question_versions id={version}
            . version=1 status=ready
            questions
              question id={row}
                parent: 0
                name: {name}
                questiontext: {asked}
                questiontextformat: 1
                generalfeedback: <p>See the book.</p>
                . generalfeedbackformat=1 defaultmark=1.0000000 penalty=0.3333333 qtype={kind} length=1 stamp=learn.example.org+250303090002+q{id} timecreated=§2 timemodified=§2 createdby=101 modifiedby=101
{own}                plugin_qbank_comment_question
                  comments
                plugin_qbank_customfields_question
                  customfields
                question_hints
                tags
",
        version = id + 10,
        row = id + 20,
    )
}

const TRUE_FALSE: &str = "plugin_qtype_truefalse_question
  answers
    answer id=441
      . answertext=True answerformat=0 fraction=0.0000000 feedback= feedbackformat=1
    answer id=442
      . answertext=False answerformat=0 fraction=1.0000000
      feedback: <p>They have no sting.</p>
      feedbackformat: 1
  truefalse id=451
    . trueanswer=441 falseanswer=442 showstandardinstruction=0
";

const MULTICHOICE: &str = "plugin_qtype_multichoice_question
  answers
    answer id=443
      . answertext=Six answerformat=1 fraction=1.0000000 feedback= feedbackformat=1
    answer id=444
      . answertext=Eight answerformat=1 fraction=0.0000000
      feedback: <p>That would be a spider.</p>
      feedbackformat: 1
  multichoice id=452
    . layout=0 single=1 shuffleanswers=1
    correctfeedback: Well done.
    . correctfeedbackformat=1 partiallycorrectfeedback= partiallycorrectfeedbackformat=1 incorrectfeedback=No. incorrectfeedbackformat=1 answernumbering=abc shownumcorrect=1 showstandardinstruction=0
";

const SHORT_ANSWER: &str = "plugin_qtype_shortanswer_question
  answers
    answer id=445
      answertext: Varroa*
      . answerformat=0 fraction=1.0000000 feedback= feedbackformat=1
  shortanswer id=453
    . usecase=0
";

const QUIZ_HEAD: &str = "intro: <p>Three questions, no time limit.</p>
. introformat=1 timeopen=0 timeclose=0 timelimit=0 overduehandling=autosubmit graceperiod=0 preferredbehaviour=deferredfeedback canredoquestions=0 attempts_number=2 attemptonlast=0 grademethod=1 decimalpoints=2 questiondecimalpoints=-1 reviewattempt=69888 reviewcorrectness=4352 reviewmaxmarks=69888 reviewmarks=4352 reviewspecificfeedback=4352 reviewgeneralfeedback=4352 reviewrightanswer=4352 reviewoverallfeedback=4352 questionsperpage=1 navmethod=free shuffleanswers=1 sumgrades=3.00000 grade=10.00000 timecreated=§2 timemodified=§2 password= subnet= browsersecurity=- delay1=0 delay2=0 showuserpicture=0 showblocks=0 completionattemptsexhausted=0 completionminattempts=0 allowofflineattempts=0
subplugin_quizaccess_seb_quiz
quiz_grade_items
question_instances
";

/// The quiz with one finished attempt.
pub(super) fn activity() -> Activity {
    let mut body = QUIZ_HEAD.to_owned();
    for slot in 1..=3 {
        body += &format!(
            "  question_instance id={id}
    . quizid=95 slot={slot} page={slot} displaynumber=~ requireprevious=0 maxmark=1.0000000 quizgradeitemid=~
    question_reference id={id}
      . usingcontextid=312 component=mod_quiz questionarea=slot questionbankentryid={entry} version=~
",
            id = 3120 + slot,
            entry = 400 + slot
        );
    }
    body += "sections
  section id=3125
    . firstslot=1 heading= shufflequestions=0
feedbacks
  feedback id=3126
    feedbacktext: <p>You may open a hive.</p>
    . feedbacktextformat=1 mingrade=5.00000 maxgrade=11.00000
overrides
grades
  grade id=3127
    . userid=105 gradeval=6.66667 timemodified=§401
attempts
  attempt id=3128
    . userid=105 attemptnum=1 uniqueid=3129 layout=1,0,2,0,3,0 currentpage=2 preview=0 state=finished timestart=§400 timefinish=§401 timemodified=§401 timemodifiedoffline=0 timecheckstate=~ sumgrades=2.00000 gradednotificationsenttime=§401
    question_usage id=3129
      . component=mod_quiz preferredbehaviour=deferredfeedback
      question_attempts
";
    for (slot, summary, right, said, value, mark) in [
        (1, "Drones can sting.", "False", "False", "0", "1.0000000"),
        (2, "How many legs has a bee?: Six; Eight", "Six", "Six", "0", "1.0000000"),
        (3, "Name the mite beekeepers fear most.", "Varroa*", "Ténia", "Ténia", "0.0000000"),
    ] {
        let state = if mark.starts_with('1') { "gradedright" } else { "gradedwrong" };
        // A multiple choice remembers the order its answers were shown in.
        let first =
            if slot == 2 { "\n                variable\n                  . name=_order value=443,444" } else { "" };
        body += &format!(
            "        question_attempt id={id}
          . slot={slot} behaviour=deferredfeedback questionid={question} variant=1 maxmark=1.0000000 minfraction=0.0000000 maxfraction=1.0000000 flagged=0
          questionsummary: {summary}
          rightanswer: {right}
          responsesummary: {said}
          timemodified: §401
          steps
            step id={id}0
              . sequencenumber=0 state=todo fraction=~ timecreated=§400 userid=105
              response{first}
            step id={id}1
              . sequencenumber=1 state=complete fraction=~ timecreated=§400 userid=105
              response
                variable
                  . name=answer value={value}
            step id={id}2
              . sequencenumber=2 state={state} fraction={mark} timecreated=§401 userid=105
              response
                variable
                  . name=-finish value=1
",
            id = 3130 + slot,
            question = 420 + slot,
        );
    }
    Activity {
        module: "quiz",
        id: 312,
        instance: 95,
        context: 312,
        section: 2,
        title: "Are you ready for the hive?",
        body,
        grade: Some((74, 10, vec![(105, "6.66667")])),
        categories: vec![81, 82],
        ..Activity::default()
    }
}
