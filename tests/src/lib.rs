//! What judges course archives, independently of the code that reads and writes them.
//!
//! Nothing here uses the project's own reader or writer: an error shared by both would otherwise go unseen.
//!
//! * [`unpacked`] opens any `.mbz` with plain library readers; [`tree`] is its XML.
//! * [`compare`] says where two archives differ, element by element.
//! * [`validate`] says what a real Moodle would refuse or lose.
//! * [`faults`] makes disks that are too small, [`cut`] archives of sections and activities.
//! * [`hostile`] makes archives as nobody should send them, with what has to become of each.
//! * [`sample`] is the project's own sample course, [`rare`] one of rarely seen things, [`shapes`] are archives of other
//!   releases, [`generate`] makes courses of any size.
//! * [`live`] starts the real binary and talks to it; [`recordings`] asks it what a real Moodle was asked,
//!   [`load`] lets many clients ask at once, [`tool_server`] is a remote tool,
//!   [`proxy_world`] a site with such tools.
//! * Sample and generated courses are made of [`forms`], Moodle's rows in the short notation of [`outline`], and written by [`pack`].

pub mod compare;
pub mod cut;
pub mod excerpt;
pub mod faults;
pub mod forms;
pub mod generate;
pub mod hostile;
pub mod live;
pub mod load;
pub mod meaning;
pub mod outline;
pub mod pack;
pub mod proxy_world;
pub mod rare;
pub mod recordings;
pub mod sample;
pub mod shapes;
pub mod tool_server;
pub mod tree;
pub mod unpacked;
pub mod validate;
