//! What the tests of several subjects set up.
