/** The argument by which the program is its own helper inside the pods' network; not for people. */
export const helperWord = '__dial';
