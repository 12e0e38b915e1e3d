/** The module of device threads that compute with fakes. */

import { runDeviceThread } from "../../device/threads/thread.ts";
import { threadFakes } from "./thread_fakes.ts";

runDeviceThread(threadFakes);
