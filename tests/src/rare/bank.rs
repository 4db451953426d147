//! The rare course's questions: with comments, custom fields, and what a plugin nobody knows put there.

/// `questions.xml`.
pub(super) fn document() -> String {
    "question_categories
  question_category id=81
    . name=top contextid=220 contextlevel=50 contextinstanceid=22 info= infoformat=0 stamp=learn.example.org+250303090000+rareTop parent=0 sortorder=0 idnumber=~
    question_bank_entries
  question_category id=82
    name: [[d/category]]
    . contextid=220 contextlevel=50 contextinstanceid=22 info= infoformat=1 stamp=learn.example.org+250303090001+rareCat parent=81 sortorder=999 idnumber=~
    question_bank_entries
      question_bank_entry id=401
        . questioncategoryid=82 idnumber=~ ownerid=810002
        question_version
          question_versions id=411
            . version=1 status=ready
            questions
              question id=421
                parent: 0
                name: [[d/question]]
                questiontext: [[d/question-text]]
                . questiontextformat=1 generalfeedback= generalfeedbackformat=1 defaultmark=1.0000000 penalty=0.3333333 qtype=truefalse length=1 stamp=learn.example.org+250303090002+r421 timecreated=§2 timemodified=§2 createdby=810002 modifiedby=810002
                plugin_qtype_truefalse_question
                  answers
                    answer id=441
                      . answertext=[[d/answer]] answerformat=0 fraction=0.0000000 feedback= feedbackformat=1
                  truefalse id=451
                    . trueanswer=441 falseanswer=441 showstandardinstruction=0
                plugin_qbank_comment_question
                  comments
                    comment id=9701
                      . component=qbank_comment commentarea=question itemid=421 contextid=1
                      content: [[uc/question-comment]]
                      . format=0 userid=910108 timecreated=§70
                plugin_qbank_customfields_question
                  customfields
                    customfield id=9702
                      . shortname=topic type=text
                      value: [[d/question-field]]
                      valueformat: 0
                plugin_local_votes_question
                  setting: [[d/question-plugin]]
                  votes
                    vote id=9703
                      . userid=910127
                      why: [[u/question-vote]]
                question_hints
                  question_hint id=9704
                    hint: [[d/hint]]
                    . hintformat=1 shownumcorrect=0 clearwrong=0 options=~
                tags
                  tag id=9705
                    . name=[[d/question-tag]] rawname=x"
        .to_owned()
}
