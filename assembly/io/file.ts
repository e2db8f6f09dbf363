/** FILE_OBJECT: what a handle stands for. */

import { DeviceObject } from "./device";

/** An open object of a driver. */
@unmanaged
export class FileObject {
  device: DeviceObject;
  /** The driver's own structure. */
  fsContext: usize;
  /** What kind of object: a `TransportObject` of tdi/request.ts. */
  fsContext2: u32;
}
