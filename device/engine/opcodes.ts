/**
 * Opcodes by number, derived from the specification's constants.
 *
 * @module
 */

import { ControlOpcode, DataOpcode, Op, opcode, Service, SERVICES } from "../wire/constants.ts";
import { AeadPara, HashPara, SymDataReq } from "../wire/structs.ts";

/** Bytes of a session-mode data body under MUX_MODE, by service number. */
export const DATA_BODY_SIZES: readonly number[] = [
  SymDataReq.SIZE,
  HashPara.SIZE,
  HashPara.SIZE,
  AeadPara.SIZE,
];

/** Data opcodes by number: service and direction, or nothing for a number that is none. */
export const DATA_OPCODES: readonly ({ service: Service; decrypt: boolean } | undefined)[] =
  (() => {
    const table: ({ service: Service; decrypt: boolean } | undefined)[] = [];
    for (const code of Object.values(DataOpcode)) {
      table[code] = { service: (code >> 8) as Service, decrypt: (code & 0xff) === Op.DECRYPT };
    }
    return Array.from(table);
  })();

/** Opcodes that end a session. */
export const DESTROY_OPCODES: ReadonlySet<number> = new Set(
  SERVICES.map((service) => opcode(service, Op.DESTROY_SESSION)),
);

/** Opcodes that create one. */
export const CREATE_OPCODES: ReadonlySet<number> = new Set<number>(
  Object.values(ControlOpcode).filter((code) => !DESTROY_OPCODES.has(code)),
);
