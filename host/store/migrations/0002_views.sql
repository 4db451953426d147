-- What everyone reads: rows whose change is published, and nothing else.
-- People stay when the course that brought them is deleted (state 2).
CREATE VIEW person AS SELECT t.* FROM t_person t
  WHERE EXISTS (SELECT 1 FROM t_change c WHERE c.id = t.change AND c.state IN (1, 2));
CREATE VIEW context AS SELECT t.* FROM t_context t
  WHERE EXISTS (SELECT 1 FROM t_change c WHERE c.id = t.change AND c.state = 1);
CREATE VIEW category AS SELECT t.* FROM t_category t
  WHERE EXISTS (SELECT 1 FROM t_change c WHERE c.id = t.change AND c.state = 1);
CREATE VIEW course AS SELECT t.* FROM t_course t
  WHERE EXISTS (SELECT 1 FROM t_change c WHERE c.id = t.change AND c.state = 1);
CREATE VIEW scope AS SELECT t.* FROM t_scope t
  WHERE EXISTS (SELECT 1 FROM t_change c WHERE c.id = t.change AND c.state = 1);
CREATE VIEW binding AS SELECT t.* FROM t_binding t
  WHERE EXISTS (SELECT 1 FROM t_change c WHERE c.id = t.change AND c.state = 1);
CREATE VIEW section AS SELECT t.* FROM t_section t
  WHERE EXISTS (SELECT 1 FROM t_change c WHERE c.id = t.change AND c.state = 1);
CREATE VIEW activity AS SELECT t.* FROM t_activity t
  WHERE EXISTS (SELECT 1 FROM t_change c WHERE c.id = t.change AND c.state = 1);
CREATE VIEW block AS SELECT t.* FROM t_block t
  WHERE EXISTS (SELECT 1 FROM t_change c WHERE c.id = t.change AND c.state = 1);
CREATE VIEW part AS SELECT t.* FROM t_part t
  WHERE EXISTS (SELECT 1 FROM t_change c WHERE c.id = t.change AND c.state = 1);
CREATE VIEW run AS SELECT t.* FROM t_run t
  WHERE EXISTS (SELECT 1 FROM t_change c WHERE c.id = t.change AND c.state = 1);
CREATE VIEW enrolment AS SELECT t.* FROM t_enrolment t
  WHERE EXISTS (SELECT 1 FROM t_change c WHERE c.id = t.change AND c.state = 1);
CREATE VIEW role_assignment AS SELECT t.* FROM t_role_assignment t
  WHERE EXISTS (SELECT 1 FROM t_change c WHERE c.id = t.change AND c.state = 1);
CREATE VIEW course_group AS SELECT t.* FROM t_course_group t
  WHERE EXISTS (SELECT 1 FROM t_change c WHERE c.id = t.change AND c.state = 1);
CREATE VIEW group_member AS SELECT t.* FROM t_group_member t
  WHERE EXISTS (SELECT 1 FROM t_change c WHERE c.id = t.change AND c.state = 1);
CREATE VIEW grade_item AS SELECT t.* FROM t_grade_item t
  WHERE EXISTS (SELECT 1 FROM t_change c WHERE c.id = t.change AND c.state = 1);
CREATE VIEW grade AS SELECT t.* FROM t_grade t
  WHERE EXISTS (SELECT 1 FROM t_change c WHERE c.id = t.change AND c.state = 1);
CREATE VIEW completion AS SELECT t.* FROM t_completion t
  WHERE EXISTS (SELECT 1 FROM t_change c WHERE c.id = t.change AND c.state = 1);
CREATE VIEW log AS SELECT t.* FROM t_log t
  WHERE EXISTS (SELECT 1 FROM t_change c WHERE c.id = t.change AND c.state = 1);
CREATE VIEW course_reference AS SELECT t.* FROM t_reference t
  WHERE EXISTS (SELECT 1 FROM t_change c WHERE c.id = t.change AND c.state = 1);
CREATE VIEW entry AS SELECT t.* FROM t_entry t
  WHERE EXISTS (SELECT 1 FROM t_change c WHERE c.id = t.change AND c.state = 1);
CREATE VIEW course_file AS SELECT t.* FROM t_course_file t
  WHERE EXISTS (SELECT 1 FROM t_change c WHERE c.id = t.change AND c.state = 1);
CREATE VIEW person_link AS SELECT t.* FROM t_person_link t
  WHERE EXISTS (SELECT 1 FROM t_change c WHERE c.id = t.change AND c.state = 1);
