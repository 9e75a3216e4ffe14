import { operatorSuite } from './operator-suite.ts';

// TEST_SCALE is set by `npm run test:e2e -- --long operator`, the long one.
operatorSuite(process.env.TEST_SCALE === undefined ? 60 : 1000);
