import { showCheck } from '../../pages/check';

void showCheck();
