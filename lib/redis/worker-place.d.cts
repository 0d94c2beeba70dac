/** The folder of this file. */
export declare const folder: string;
