import { SegmentList } from "../memory/segment_list.ts";

/** One request as it came off a ring. The object is reused from request to request. */
export class DescriptorChain {
  /** Index that the used element carries back. */
  head = 0;
  /** Device-readable bytes, in order. */
  readonly readable: SegmentList = new SegmentList();
  /** Device-writable bytes, in order. */
  readonly writable: SegmentList = new SegmentList();

  /** Whether a writable descriptor has been seen, be it of length 0. */
  hasWritable = false;

  /** Empties both lists. */
  clear(): void {
    this.hasWritable = false;
    this.readable.clear();
    this.writable.clear();
  }

  /** Forgets every reference to memory. */
  release(): void {
    this.readable.release();
    this.writable.release();
  }
}
