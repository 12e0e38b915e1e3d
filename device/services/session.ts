import type { Service, Status } from "../wire/constants.ts";
import type { Request } from "./request.ts";

/** An open session: algorithm, key and what else its requests leave out. */
export interface Session {
  readonly service: Service;
  /** Runs a data request of this session, from check 6 of wire.md on. */
  run(request: Request): Status;
  /** Ends the session: its keys are overwritten. */
  close(): void;
}
