//! Controls of the test double.
