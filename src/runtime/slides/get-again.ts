/** Help for a file that is damaged. */
export const getAgain = 'Get the file again from where it came.'
